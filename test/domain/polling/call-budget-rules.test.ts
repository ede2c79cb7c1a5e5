import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  callAnswered,
  callRateLimited,
  type CallBudgetState,
  type CallGrant,
  newCallBudget,
  reserveCalls,
} from '../../../src/domain/polling/call-budget-rules.ts';
import { MINUTE, NOON, SECOND } from '../../support/times.ts';
import { Budget } from './budget.ts';

describe('the rate limit', () => {
  it('grants no more calls than its limit in any half-open minute, with or without 429 answers', () => {
    const moments = fc.array(
      fc.record({
        gapMs: fc.oneof(fc.integer({ min: 0, max: 90_000 }), fc.constantFrom(0, 1, 59_999, 60_000)),
        wanted: fc.integer({ min: 0, max: 1200 }),
        refused: fc.option(fc.option(fc.integer({ min: -5000, max: 90_000 })), {
          freq: 8,
          nil: undefined,
        }),
      }),
      { minLength: 1, maxLength: 60 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), moments, (rpm, steps) => {
        const budget = new Budget(rpm, NOON);
        const calls: number[] = [];
        let now = NOON;
        for (const { gapMs, wanted, refused } of steps) {
          now += gapMs;
          takeUpTo(budget, wanted, now, calls);
          if (refused !== undefined) budget.onRateLimited(now, 0.5, refused);
          takeUpTo(budget, wanted, now, calls);
        }
        expect(busiestMinute(calls)).toBeLessThanOrEqual(rpm);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps the limit even when every call is taken as early as possible', () => {
    for (const rpm of [1, 2, 5, 9, 10, 11, 19, 20, 50, 60, 333, 1000]) {
      const calls = greedyCalls(new Budget(rpm, NOON), 10 * MINUTE);
      expect(busiestMinute(calls)).toBeLessThanOrEqual(rpm);
      // It grants nearly all of the limit: the burst stays unused in a steady flow.
      expect(calls.length).toBeGreaterThanOrEqual(10 * Math.floor(rpm * 0.9));
    }
  });

  it('returns the exact wait', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 0, max: 70_000 }), (rpm, laterMs) => {
        const budget = new Budget(rpm, NOON);
        budget.drain(NOON);
        const now = NOON + laterMs;
        const waitMs = budget.waitMs(now);
        const tooSoon = now + waitMs - 2;
        expect(tooSoon < now ? 0 : budget.available(tooSoon)).toBe(0);
        expect(budget.available(now + waitMs + 1)).toBeGreaterThan(0);
      }),
    );
  });

  it('never waits with a limit of 0', () => {
    const budget = new Budget(0, NOON);
    for (let i = 0; i < 3; i += 1) {
      expect(budget.available(NOON)).toBe(Infinity);
      expect(budget.reserve(100_000, NOON).granted).toBe(100_000);
      expect(budget.waitMs(NOON)).toBe(0);
    }
  });

  it('grants nothing for the requested time after a 429, then one call and no burst', () => {
    const budget = new Budget(600, NOON);
    budget.onRateLimited(NOON, 0, 7 * SECOND);
    expect(budget.available(NOON)).toBe(0);
    expect(budget.waitMs(NOON)).toBe(7 * SECOND);
    expect(budget.available(NOON + 7 * SECOND - 1)).toBe(0);
    expect(budget.available(NOON + 7 * SECOND)).toBe(1);
  });

  it('closes for a growing time after each 429 without a Retry-After, until a minute has none', () => {
    const budget = new Budget(600, NOON);
    const waits = [];
    let now = NOON;
    for (let i = 0; i < 8; i += 1) {
      budget.onRateLimited(now, 0, null);
      waits.push(budget.waitMs(now) / SECOND);
      now += budget.waitMs(now);
    }
    expect(waits).toEqual([2, 4, 8, 16, 32, 60, 60, 60]);
    now += MINUTE;
    budget.onRateLimited(now, 0, null);
    expect(budget.waitMs(now)).toBe(60 * SECOND);
    now += 60 * SECOND + MINUTE + 1;
    budget.onRateLimited(now, 0, null);
    expect(budget.waitMs(now)).toBe(2 * SECOND);
  });

  it('does not rely on a Retry-After that was too short or zero', () => {
    const budget = new Budget(600, NOON);
    const waits = [];
    let now = NOON;
    for (const asked of [SECOND, SECOND, SECOND, 0, 0, 30 * SECOND]) {
      budget.onRateLimited(now, 0, asked);
      waits.push(budget.waitMs(now) / SECOND);
      now += budget.waitMs(now);
    }
    expect(waits).toEqual([1, 2, 4, 16, 32, 32]);
    const zero = new Budget(600, NOON);
    zero.onRateLimited(NOON, 0, 0);
    expect(zero.waitMs(NOON)).toBe(2 * SECOND);
  });

  it('continues when the clock was set back by an hour, open or closed', () => {
    for (const refused of [false, true]) {
      const budget = new Budget(60, NOON);
      budget.drain(NOON);
      if (refused) budget.onRateLimited(NOON, 0, SECOND);
      const then = NOON - 60 * MINUTE;
      expect(budget.waitMs(then)).toBeLessThan(5 * SECOND);
      expect(budget.available(then + 5 * SECOND)).toBeGreaterThan(0);
    }
  });

  it('counts the 429 answers of concurrent calls as one', () => {
    const budget = new Budget(600, NOON);
    for (let i = 0; i < 20; i += 1) budget.onRateLimited(NOON, 0, null);
    expect(budget.waitMs(NOON)).toBe(2 * SECOND);
    budget.onRateLimited(NOON + 2 * SECOND, 0, null);
    expect(budget.waitMs(NOON + 2 * SECOND)).toBe(4 * SECOND);
  });

  it('waits for the longest Retry-After of concurrent calls', () => {
    const budget = new Budget(600, NOON);
    budget.onRateLimited(NOON, 0, null);
    budget.onRateLimited(NOON + 1, 0, 30 * SECOND);
    budget.onRateLimited(NOON + 2, 0, 10 * SECOND);
    expect(budget.waitMs(NOON)).toBe(30 * SECOND + 1);
    expect(budget.available(NOON + 30 * SECOND + 1)).toBe(1);
  });

  it('grants no additional call because of a 429', () => {
    for (const retryAfterMs of [0, -5000, null]) {
      const budget = new Budget(1, NOON);
      budget.drain(NOON);
      budget.onRateLimited(NOON, 0, retryAfterMs);
      // A minute, the half second of slack, and more at the lower rate.
      expect(budget.available(NOON + MINUTE + 499)).toBe(0);
      expect(budget.available(NOON + 2 * MINUTE)).toBe(1);
    }
  });

  it('limits a Retry-After to five minutes', () => {
    const budget = new Budget(600, NOON);
    budget.onRateLimited(NOON, 0, 1000 * MINUTE);
    expect(budget.waitMs(NOON)).toBe(5 * MINUTE);
  });

  it('limits calls for some minutes after a 429 even without a limit', () => {
    const budget = new Budget(0, NOON);
    budget.reserve(100_000, NOON);
    budget.onRateLimited(NOON, 0, SECOND);
    expect(budget.available(NOON)).toBe(0);
    expect(budget.available(NOON + SECOND)).toBe(1);
    expect(budget.available(NOON + 4 * MINUTE)).toBeLessThan(60);
    expect(budget.available(NOON + SECOND + 5 * MINUTE)).toBe(Infinity);
  });

  it('opens at half the rate and recovers the full rate in five minutes', () => {
    const budget = new Budget(600, NOON);
    budget.onRateLimited(NOON, 0, 0);
    const calls: number[] = [];
    for (let now = NOON; now < NOON + 7 * MINUTE; now += Math.max(1, budget.waitMs(now))) {
      takeUpTo(budget, Infinity, now, calls);
    }
    const inMinute = (minute: number) =>
      calls.filter((at) => Math.floor((at - NOON) / MINUTE) === minute).length;
    // The burst, a tenth of the limit, stays unused in a steady flow.
    for (const [minute, share] of [0.55, 0.65, 0.75, 0.85, 0.95, 1, 1].entries()) {
      expect(Math.abs(inMinute(minute) / 540 - share)).toBeLessThan(0.03);
    }
  });

  it('halves its rate once for consecutive 429 answers, and again for a later one', () => {
    const budget = new Budget(600, NOON);
    const rate = (now: number) => {
      budget.drain(now);
      return 1 / budget.waitMs(now);
    };
    const full = rate(NOON);
    for (let second = 0; second < 20; second += 5) budget.onRateLimited(NOON + second * SECOND, 0, SECOND);
    expect(rate(NOON + 23 * SECOND) / full).toBeCloseTo(0.5, 1);
    budget.onRateLimited(NOON + 2 * MINUTE, 0, SECOND);
    expect(rate(NOON + 2 * MINUTE + SECOND) / full).toBeCloseTo(0.34, 1);
    for (let minute = 4; minute < 40; minute += 2) budget.onRateLimited(NOON + minute * MINUTE, 0, SECOND);
    expect(rate(NOON + 38 * MINUTE + SECOND) / full).toBeGreaterThan(1 / 17);
  });

  it('accepts released calls, up to a burst', () => {
    const budget = new Budget(100, NOON);
    expect(budget.reserve(10, NOON)).toEqual(granting(10));
    expect(budget.reserve(1, NOON).granted).toBe(0);
    budget.release(4, NOON);
    expect(budget.reserve(10, NOON)).toMatchObject({ ...granting(4), limitedBy: 'rate-limit' });
    budget.release(1000, NOON);
    expect(budget.reserve(1000, NOON).granted).toBe(10);
  });

  it('opens with one call even when calls were released while it was closed', () => {
    const budget = new Budget(600, NOON);
    const { granted } = budget.reserve(50, NOON);
    budget.onRateLimited(NOON, 0, SECOND);
    budget.release(granted, NOON);
    expect(budget.reserve(50, NOON + SECOND).granted).toBe(1);
  });

  it('grants nothing because of a clock that goes back, and refills from the new time', () => {
    const budget = new Budget(60, NOON);
    budget.drain(NOON);
    expect(budget.available(NOON - MINUTE)).toBe(0);
    const wait = budget.waitMs(NOON - MINUTE);
    expect(budget.available(NOON - MINUTE + wait)).toBe(1);
    // However far the clock jumps, at most a burst is granted.
    expect(budget.available(NOON + 60 * MINUTE)).toBe(6);
  });

  it('closes for two seconds again after an answered call', () => {
    const first = refuse(newCallBudget(600, NOON), NOON);
    const opened = first.closedUntil;
    // The answer to an earlier call says nothing about the closure.
    expect(callAnswered(first, NOON + 1).refusals).toBe(1);
    expect(refuse(first, opened).closedUntil - opened).toBe(4 * SECOND);
    const answered = callAnswered(first, opened);
    expect(refuse(answered, opened).closedUntil - opened).toBe(2 * SECOND);
  });

  it('keeps the same state while nothing is granted', () => {
    const { state } = reserveCalls(newCallBudget(60, NOON), 60, 100, NOON);
    for (const now of [NOON, NOON + 1, NOON + 900]) {
      expect(reserveCalls(state, 60, 1, now)).toMatchObject({ state, grant: { granted: 0 } });
    }
  });
});

/** The upstream answers 429 without a Retry-After. */
function refuse(state: CallBudgetState, now: number): CallBudgetState {
  return callRateLimited(state, 600, now, 0, null);
}

/** Without any limit. */
function granting(granted: number): CallGrant {
  return { granted, waitMs: 0, limitedBy: null, probing: false };
}

function takeUpTo(budget: Budget, wanted: number, now: number, calls: number[]): void {
  const count = budget.reserve(wanted, now).granted;
  for (let i = 0; i < count; i += 1) calls.push(now);
}

function greedyCalls(budget: Budget, forMs: number): number[] {
  const calls: number[] = [];
  for (let now = NOON; now < NOON + forMs; now += Math.max(1, budget.waitMs(now))) {
    takeUpTo(budget, Infinity, now, calls);
  }
  return calls;
}

/** The most calls in any [t, t + 60 s). @param calls in the order of their times */
function busiestMinute(calls: readonly number[]): number {
  let most = 0;
  let first = 0;
  for (const [index, at] of calls.entries()) {
    while ((calls[first] ?? at) <= at - MINUTE) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return most;
}

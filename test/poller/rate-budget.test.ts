import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateBudget } from '../../src/poller/rate-budget.ts';
import { MINUTE, NOON, SECOND } from '../support/times.ts';

describe('a rate budget', () => {
  it('lets no more calls through in any half-open minute than its limit, refusals or not', () => {
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
        const budget = new RateBudget(rpm, NOON);
        const calls: number[] = [];
        let now = NOON;
        for (const { gapMs, wanted, refused } of steps) {
          now += gapMs;
          takeUpTo(budget, wanted, now, calls);
          if (refused !== undefined) budget.refused(now, 0.5, refused);
          takeUpTo(budget, wanted, now, calls);
        }
        expect(busiestMinute(calls)).toBeLessThanOrEqual(rpm);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps to the limit also when every call is taken as soon as it can be', () => {
    for (const rpm of [1, 2, 5, 9, 10, 11, 19, 20, 50, 60, 333, 1000]) {
      const calls = greedyCalls(new RateBudget(rpm, NOON), 10 * MINUTE);
      expect(busiestMinute(calls)).toBeLessThanOrEqual(rpm);
      // And it gives nearly all of it: what the burst may take stays unused in a steady flow.
      expect(calls.length).toBeGreaterThanOrEqual(10 * Math.floor(rpm * 0.9));
    }
  });

  it('tells how long to wait, neither too long nor too short', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 0, max: 70_000 }), (rpm, laterMs) => {
        const budget = new RateBudget(rpm, NOON);
        budget.take(budget.available(NOON));
        const now = NOON + laterMs;
        const waitMs = budget.waitMs(now);
        const tooSoon = now + waitMs - 2;
        expect(tooSoon < now ? 0 : budget.available(tooSoon)).toBe(0);
        expect(budget.available(now + waitMs + 1)).toBeGreaterThan(0);
      }),
    );
  });

  it('never limits and never waits with a limit of 0', () => {
    const budget = new RateBudget(0, NOON);
    for (let i = 0; i < 3; i += 1) {
      expect(budget.available(NOON)).toBe(Infinity);
      budget.take(100_000);
      expect(budget.waitMs(NOON)).toBe(0);
    }
  });

  it('lets nothing through for as long as a refusal asked, then one call and no burst', () => {
    const budget = new RateBudget(600, NOON);
    budget.refused(NOON, 0, 7 * SECOND);
    expect(budget.available(NOON)).toBe(0);
    expect(budget.waitMs(NOON)).toBe(7 * SECOND);
    expect(budget.available(NOON + 7 * SECOND - 1)).toBe(0);
    expect(budget.available(NOON + 7 * SECOND)).toBe(1);
  });

  it('stays shut for a growing time when refusals do not say how long, until there was none for a minute', () => {
    const budget = new RateBudget(600, NOON);
    const waits = [];
    let now = NOON;
    for (let i = 0; i < 8; i += 1) {
      budget.refused(now, 0, null);
      waits.push(budget.waitMs(now) / SECOND);
      now += budget.waitMs(now);
    }
    expect(waits).toEqual([2, 4, 8, 16, 32, 60, 60, 60]);
    now += MINUTE;
    budget.refused(now, 0, null);
    expect(budget.waitMs(now)).toBe(60 * SECOND);
    now += 60 * SECOND + MINUTE + 1;
    budget.refused(now, 0, null);
    expect(budget.waitMs(now)).toBe(2 * SECOND);
  });

  it('believes no time to wait that was not enough, nor one of nothing', () => {
    const budget = new RateBudget(600, NOON);
    const waits = [];
    let now = NOON;
    for (const asked of [SECOND, SECOND, SECOND, 0, 0, 30 * SECOND]) {
      budget.refused(now, 0, asked);
      waits.push(budget.waitMs(now) / SECOND);
      now += budget.waitMs(now);
    }
    expect(waits).toEqual([1, 2, 4, 16, 32, 32]);
    const zero = new RateBudget(600, NOON);
    zero.refused(NOON, 0, 0);
    expect(zero.waitMs(NOON)).toBe(2 * SECOND);
  });

  it('goes on when the clock was set back by an hour, closed or not', () => {
    for (const refused of [false, true]) {
      const budget = new RateBudget(60, NOON);
      budget.take(budget.available(NOON));
      if (refused) budget.refused(NOON, 0, SECOND);
      const then = NOON - 60 * MINUTE;
      expect(budget.waitMs(then)).toBeLessThan(5 * SECOND);
      expect(budget.available(then + 5 * SECOND)).toBeGreaterThan(0);
    }
  });

  it('counts refusals of calls that were under way together as one', () => {
    const budget = new RateBudget(600, NOON);
    for (let i = 0; i < 20; i += 1) budget.refused(NOON, 0, null);
    expect(budget.waitMs(NOON)).toBe(2 * SECOND);
    budget.refused(NOON + 2 * SECOND, 0, null);
    expect(budget.waitMs(NOON + 2 * SECOND)).toBe(4 * SECOND);
  });

  it('waits for the longest of the times that refusals together asked for', () => {
    const budget = new RateBudget(600, NOON);
    budget.refused(NOON, 0, null);
    budget.refused(NOON + 1, 0, 30 * SECOND);
    budget.refused(NOON + 2, 0, 10 * SECOND);
    expect(budget.waitMs(NOON)).toBe(30 * SECOND + 1);
    expect(budget.available(NOON + 30 * SECOND + 1)).toBe(1);
  });

  it('grants no call by a refusal: not the one that was refused, nor another', () => {
    for (const retryAfterMs of [0, -5000, null]) {
      const budget = new RateBudget(1, NOON);
      budget.take(budget.available(NOON));
      budget.refused(NOON, 0, retryAfterMs);
      // A minute, the half second that a slower call may take to get there, and more at the lower rate.
      expect(budget.available(NOON + MINUTE + 499)).toBe(0);
      expect(budget.available(NOON + 2 * MINUTE)).toBe(1);
    }
  });

  it('does not believe a time to wait of more than five minutes', () => {
    const budget = new RateBudget(600, NOON);
    budget.refused(NOON, 0, 1000 * MINUTE);
    expect(budget.waitMs(NOON)).toBe(5 * MINUTE);
  });

  it('holds back for some minutes after a refusal also when it has no limit', () => {
    const budget = new RateBudget(0, NOON);
    budget.reserve(100_000, NOON);
    budget.refused(NOON, 0, SECOND);
    expect(budget.available(NOON)).toBe(0);
    expect(budget.available(NOON + SECOND)).toBe(1);
    expect(budget.available(NOON + 4 * MINUTE)).toBeLessThan(60);
    expect(budget.available(NOON + SECOND + 5 * MINUTE)).toBe(Infinity);
  });

  it('opens at half the rate and climbs back to the whole in five minutes', () => {
    const budget = new RateBudget(600, NOON);
    budget.refused(NOON, 0, 0);
    const calls: number[] = [];
    for (let now = NOON; now < NOON + 7 * MINUTE; now += Math.max(1, budget.waitMs(now))) {
      takeUpTo(budget, Infinity, now, calls);
    }
    const inMinute = (minute: number) =>
      calls.filter((at) => Math.floor((at - NOON) / MINUTE) === minute).length;
    // A tenth of the limit stays unused in a steady flow.
    for (const [minute, share] of [0.55, 0.65, 0.75, 0.85, 0.95, 1, 1].entries()) {
      expect(Math.abs(inMinute(minute) / 540 - share)).toBeLessThan(0.03);
    }
  });

  it('halves its rate once for refusals that follow each other, and again for a later one', () => {
    const budget = new RateBudget(600, NOON);
    const rate = (now: number) => {
      budget.take(budget.available(now));
      return 1 / budget.waitMs(now);
    };
    const full = rate(NOON);
    for (let second = 0; second < 20; second += 5) budget.refused(NOON + second * SECOND, 0, SECOND);
    expect(rate(NOON + 23 * SECOND) / full).toBeCloseTo(0.5, 1);
    budget.refused(NOON + 2 * MINUTE, 0, SECOND);
    expect(rate(NOON + 2 * MINUTE + SECOND) / full).toBeCloseTo(0.34, 1);
    for (let minute = 4; minute < 40; minute += 2) budget.refused(NOON + minute * MINUTE, 0, SECOND);
    expect(rate(NOON + 38 * MINUTE + SECOND) / full).toBeGreaterThan(1 / 17);
  });

  it('takes calls back that were reserved and not made, but holds no more than a burst', () => {
    const budget = new RateBudget(100, NOON);
    expect(budget.reserve(10, NOON)).toEqual({ granted: 10, waitMs: 0 });
    expect(budget.reserve(1, NOON).granted).toBe(0);
    budget.giveBack(4, NOON);
    expect(budget.reserve(10, NOON)).toEqual({ granted: 4, waitMs: 0 });
    budget.giveBack(1000, NOON);
    expect(budget.reserve(1000, NOON).granted).toBe(10);
  });

  it('opens with one call also when calls were given back while it was closed', () => {
    const budget = new RateBudget(600, NOON);
    const { granted } = budget.reserve(50, NOON);
    budget.refused(NOON, 0, SECOND);
    budget.giveBack(granted, NOON);
    expect(budget.reserve(50, NOON + SECOND).granted).toBe(1);
  });

  it('takes a clock that went back as one that stands still', () => {
    const budget = new RateBudget(60, NOON);
    budget.take(budget.available(NOON));
    expect(budget.available(NOON - MINUTE)).toBe(0);
    expect(budget.available(NOON)).toBe(0);
  });
});

function takeUpTo(budget: RateBudget, wanted: number, now: number, calls: number[]): void {
  const count = Math.min(wanted, budget.available(now));
  budget.take(count);
  for (let i = 0; i < count; i += 1) calls.push(now);
}

function greedyCalls(budget: RateBudget, forMs: number): number[] {
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

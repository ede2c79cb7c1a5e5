/** The call budget over the SharedText of each adapter: two instances, one clock. */
import { expect, it } from 'vitest';
import type { CallBudget } from '../../src/store/call-budget.ts';
import { SharedCallBudget } from '../../src/store/call-budget.ts';
import type { SharedText } from '../../src/store/shared-text.ts';
import { listening } from '../support/events.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { MINUTE, SECOND } from '../support/times.ts';
import type { OpenedTexts } from './shared-text.ts';

interface Budgets extends AsyncDisposable {
  readonly a: CallBudget;
  readonly b: CallBudget;
  readonly clock: FakeClock;
  /** The states of the circuit that both have emitted. */
  readonly circuit: ('open' | 'closed')[];
  readonly texts: readonly [SharedText, SharedText];
}

/** Runs the cases on an adapter. */
export function callBudgetCases(open: () => Promise<OpenedTexts>): void {
  const budgets = async (rpm: number): Promise<Budgets> => {
    const opened = await open();
    const clock = new FakeClock();
    const circuit: ('open' | 'closed')[] = [];
    const events = listening('circuit', ({ state }) => circuit.push(state));
    return {
      a: new SharedCallBudget(opened.one, rpm, clock.now, events),
      b: new SharedCallBudget(opened.other, rpm, clock.now, events),
      clock,
      circuit,
      texts: [opened.one, opened.other],
      [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
    };
  };

  it('shares a burst between both instances', async () => {
    await using opened = await budgets(50);
    const { a, b } = opened;
    const grants = await Promise.all([a.reserve(256), b.reserve(256), a.reserve(3), b.reserve(3)]);
    expect(sumOf(grants)).toBe(5);
    expect(grants.filter(({ granted }) => granted === 0).map(({ limitedBy }) => limitedBy)).toContain(
      'rate-limit',
    );
  });

  it('tells its state without a change', async () => {
    await using opened = await budgets(50);
    const { a, b, clock, texts } = opened;
    const calm = { callsPerMinute: 50, share: 1, pausedUntil: null, nextProbeAt: null, failures: 0 };
    expect(await b.status()).toEqual({ ...calm, remaining: 5 });
    expect(await texts[0].read()).toBeNull();
    await a.reserve(2);
    expect(await b.status()).toEqual({ ...calm, remaining: 3 });
    for (let failures = 0; failures < 10; failures += 1) await a.onFailed();
    const nextProbeAt = clock.now() + 3 * SECOND;
    expect(await b.status()).toEqual({ ...calm, remaining: 0, failures: 10, nextProbeAt });
    await a.onRateLimited(0, 20_000);
    const pausedUntil = clock.now() + 20 * SECOND;
    expect(await b.status()).toEqual({ ...calm, remaining: 0, share: 0.5, pausedUntil });
    clock.jump(20 * SECOND);
    expect(await b.status()).toMatchObject({ pausedUntil: null, remaining: 1 });
  });

  it('stays within the limit under load, and grants nearly all of it', async () => {
    const rpm = 600;
    await using opened = await budgets(rpm);
    const { a, b, clock } = opened;
    const calls: number[] = [];
    for (let elapsed = 0; elapsed < 3 * MINUTE; elapsed += 50) {
      const taken = sumOf(await Promise.all([a.reserve(7), b.reserve(1000)]));
      for (let i = 0; i < taken; i += 1) calls.push(elapsed);
      clock.jump(50);
    }
    for (const from of [0, 30 * SECOND, MINUTE, 2 * MINUTE]) {
      expect(calls.filter((at) => at >= from && at < from + MINUTE).length).toBeLessThanOrEqual(rpm);
    }
    expect(calls.length).toBeGreaterThan(3 * rpm * 0.9);
  });

  it('returns the exact time to wait', async () => {
    await using opened = await budgets(600);
    const { a, b, clock } = opened;
    expect(await a.reserve(60)).toMatchObject({ granted: 60, waitMs: 0, limitedBy: null });
    const { granted, waitMs, limitedBy } = await b.reserve(60);
    expect({ granted, waitMs, limitedBy }).toEqual({
      granted: 0,
      waitMs: Math.ceil((MINUTE + 500) / 541),
      limitedBy: 'rate-limit',
    });
    clock.jump(waitMs - 1);
    expect((await b.reserve(1)).granted).toBe(0);
    clock.jump(1);
    expect((await a.reserve(1)).granted).toBe(1);
  });

  it('is closed for both instances by a refusal of one, and opens with one call', async () => {
    await using opened = await budgets(600);
    const { a, b, clock } = opened;
    await a.onRateLimited(0.5, 250);
    expect(await b.reserve(10)).toMatchObject({ granted: 0, waitMs: 250, limitedBy: 'rate-limit' });
    await b.release(10);
    clock.jump(250);
    expect(sumOf(await Promise.all([a.reserve(10), b.reserve(10)]))).toBe(1);
  });

  it('counts concurrent refusals as one, and closes for longer with each later one', async () => {
    await using opened = await budgets(600);
    const { a, b, clock } = opened;
    await Promise.all([a.onRateLimited(0, null), b.onRateLimited(0, null), a.onRateLimited(0, null)]);
    expect((await b.reserve(1)).waitMs).toBe(2 * SECOND);
    clock.jump(2 * SECOND);
    await b.onRateLimited(0, null);
    expect((await a.reserve(1)).waitMs).toBe(4 * SECOND);
  });

  it('continues when the clock is set back by an hour, while closed, empty or open', async () => {
    for (const prepare of ['refused', 'failed', 'reserve'] as const) {
      await using opened = await budgets(60);
      const { a, b, clock } = opened;
      await a.reserve(256);
      if (prepare === 'refused') await a.onRateLimited(0, SECOND);
      if (prepare === 'failed') await failTimes(a, 10);
      clock.jump(-60 * MINUTE);
      expect((await b.reserve(1)).waitMs).toBeLessThanOrEqual(5 * MINUTE);
      clock.jump(5 * MINUTE);
      expect((await b.reserve(1)).granted).toBe(1);
    }
  });

  it('grants released calls to the other instance, up to a burst', async () => {
    await using opened = await budgets(50);
    const { a, b } = opened;
    expect((await a.reserve(256)).granted).toBe(5);
    await a.release(3);
    expect((await b.reserve(256)).granted).toBe(3);
    await b.release(1000);
    expect((await a.reserve(256)).granted).toBe(5);
  });

  it('does not limit calls with a limit of 0, except after a refusal', async () => {
    await using opened = await budgets(0);
    const { a, b, clock } = opened;
    for (let i = 0; i < 5; i += 1) expect((await a.reserve(256)).granted).toBe(256);
    await a.onRateLimited(0, 100);
    const { granted, waitMs } = await b.reserve(256);
    expect(granted).toBe(0);
    clock.jump(waitMs);
    // The first probes come at a fixed interval.
    expect((await b.reserve(256)).granted).toBe(1);
    clock.jump(5 * MINUTE);
    expect((await b.reserve(256)).granted).toBe(256);
  });

  it('writes nothing without a limit and without failures', async () => {
    await using opened = await budgets(0);
    for (let i = 0; i < 5; i += 1) {
      expect((await opened.a.reserve(256)).granted).toBe(256);
      await opened.a.release(7);
      await opened.a.onAnswered();
      opened.clock.jump(MINUTE);
    }
    expect(await opened.texts[0].read()).toBeNull();
  });

  it('stops the calls of both instances after ten failures in a row, except for a probe every three seconds', async () => {
    await using opened = await budgets(0);
    const { a, b, clock, circuit } = opened;
    await failTimes(a, 5);
    await failTimes(b, 4);
    expect(circuit).toEqual([]);
    expect((await b.reserve(256)).granted).toBe(256);
    await a.onFailed();
    expect(circuit).toEqual(['open']);
    expect(await b.reserve(256)).toEqual({
      granted: 0,
      waitMs: 3 * SECOND,
      limitedBy: 'circuit',
      probing: false,
    });
    for (let probe = 0; probe < 3; probe += 1) {
      clock.jump(3 * SECOND);
      const grants = await Promise.all([a.reserve(256), b.reserve(256)]);
      expect(grants.filter(({ granted }) => granted > 0)).toEqual([
        { granted: 1, waitMs: 0, limitedBy: 'circuit', probing: true },
      ]);
      await a.onFailed();
    }
    expect(circuit).toEqual(['open']);
  });

  it('allows the calls of both instances again after one good answer', async () => {
    await using opened = await budgets(0);
    const { a, b, clock, circuit } = opened;
    await failTimes(a, 30);
    clock.jump(3 * SECOND);
    expect((await b.reserve(256)).granted).toBe(1);
    await b.onAnswered();
    await b.onAnswered();
    expect(circuit).toEqual(['open', 'closed']);
    expect(await a.reserve(256)).toEqual({ granted: 256, waitMs: 0, limitedBy: null, probing: false });
    await a.onAnswered();
    // The count of failures starts again.
    await failTimes(a, 9);
    await a.onAnswered();
    await failTimes(b, 9);
    expect(circuit).toEqual(['open', 'closed']);
  });

  it('grants a released probe next', async () => {
    await using opened = await budgets(0);
    const { a, b, clock } = opened;
    await failTimes(a, 10);
    clock.jump(3 * SECOND);
    expect((await a.reserve(1)).probing).toBe(true);
    expect((await b.reserve(1)).granted).toBe(0);
    await a.release(1);
    expect(await b.reserve(1)).toMatchObject({ granted: 1, probing: true });
  });

  it('counts concurrent reports', async () => {
    await using opened = await budgets(0);
    const { a, b, circuit } = opened;
    await Promise.all(
      Array.from({ length: 300 }, (_, i) => (i % 2 === 0 ? a : b)).map((budget) => budget.onFailed()),
    );
    await Promise.all(Array.from({ length: 100 }, () => a.onAnswered()));
    expect(circuit).toEqual(['open', 'closed']);
  });

  it('replaces an unreadable state by a new one', async () => {
    for (const text of ['', 'no JSON', '[]', '{"tokens":5}', 'null']) {
      await using opened = await budgets(50);
      const { a, b, texts } = opened;
      await texts[0].replace(null, text);
      expect((await a.reserve(256)).granted).toBe(5);
      expect((await b.reserve(256)).granted).toBe(0);
    }
  });
}

function sumOf(grants: readonly { readonly granted: number }[]): number {
  return grants.reduce((sum, { granted }) => sum + granted, 0);
}

async function failTimes(budget: CallBudget, times: number): Promise<void> {
  for (let call = 0; call < times; call += 1) await budget.onFailed();
}

import { describe, expect, it } from 'vitest';
import { MINUTE, NOON, SECOND } from '../support/times.ts';
import { transientError, type UpstreamScript } from '../support/upstream/fake-video-upstream.ts';
import { found, KEPT_URL, runFor, running, StepHarness } from './step-harness.ts';

const COMPLETED = { type: 'completed', metrics: null } as const;
const INCONCLUSIVE = { type: 'inconclusive', ...transientError() } as const;

describe('a job at its deadline', () => {
  const deadline = { deadlineAt: NOON + MINUTE };

  it('is polled for the last time five seconds before it, and ends with the last error', async () => {
    await using harness = new StepHarness({
      status: () => ({ type: 'inconclusive', ...transientError({ reason: 'HTTP 500: out of memory' }) }),
    });
    const job = await harness.add({ ...running('processing', NOON), deadlineAt: NOON + 10 * MINUTE });
    await harness.stepFor(10 * MINUTE);
    const ended = await harness.stored(job);
    expect(ended.finishedAt).toBe(job.deadlineAt);
    expect(ended.failure).toMatchObject({
      code: 'TIMED_OUT',
      message:
        "The video was not ready before the deadline. The upstream's last error: HTTP 500: out of memory",
    });
    expect(harness.upstream.calls.at(-1)?.at).toBe(job.deadlineAt - 5 * SECOND);
  });

  it.each(['processing', 'collecting'] as const)(
    'completes with the video that only the history has: %s',
    async (phase) => {
      const script = { status: () => INCONCLUSIVE, result: () => INCONCLUSIVE, lookUp: () => found() };
      expect((await runFor(MINUTE, phase, script, deadline)).job).toMatchObject({
        phase: 'completed',
        finishedAt: deadline.deadlineAt,
        video: { url: KEPT_URL },
      });
    },
  );

  it('ends when the history has no video', async () => {
    const script: UpstreamScript = { lookUp: () => ({ type: 'not-found' }) };
    expect((await runFor(MINUTE, 'processing', script, deadline)).job).toMatchObject({
      finishedAt: deadline.deadlineAt,
      failure: { code: 'TIMED_OUT' },
    });
  });

  it('completes when the last poll finds it done', async () => {
    await using harness = new StepHarness({
      status: () =>
        harness.clock.now() >= NOON + 10 * MINUTE - 5 * SECOND ? COMPLETED : { type: 'processing' },
    });
    const job = await harness.add({ ...running('processing', NOON), deadlineAt: NOON + 10 * MINUTE });
    await harness.stepFor(10 * MINUTE);
    expect((await harness.stored(job)).phase).toBe('completed');
  });

  it.each<[string, UpstreamScript, string[]]>([
    ['the last poll', { status: () => COMPLETED }, ['status', 'result']],
    ['the history', { status: () => INCONCLUSIVE, lookUp: () => found() }, ['status', 'look-up']],
  ])('completes by %s even when no poller ran at the deadline', async (_, script, calls) => {
    await using harness = new StepHarness(script);
    const job = await harness.add({ ...running('processing', NOON), ...deadline });
    await harness.clock.advance(10 * MINUTE);
    await harness.stepFor(0);
    expect((await harness.stored(job)).phase).toBe('completed');
    expect(harness.upstream.types).toEqual(calls);
  });

  it('waits for that call while the budget is empty, but not forever', async () => {
    await using harness = new StepHarness({ status: () => COMPLETED });
    harness.mayCall = false;
    const job = await harness.add({ ...running('processing', NOON), ...deadline });
    await harness.clock.advance(10 * MINUTE);
    await harness.stepFor(10 * SECOND);
    expect((await harness.stored(job)).phase).toBe('processing');
    await harness.stepFor(MINUTE);
    expect((await harness.stored(job)).failure?.code).toBe('TIMED_OUT');
    expect(harness.upstream.calls).toEqual([]);
  });

  it('does not wait for it when the calls before the deadline went to other jobs', async () => {
    await using harness = new StepHarness();
    harness.mayCall = false;
    const job = await harness.add({ ...running('processing', NOON), deadlineAt: NOON + 1 });
    await harness.clock.advance(1);
    await harness.step();
    expect(await harness.stored(job)).toMatchObject({ finishedAt: NOON + 1, failure: { code: 'TIMED_OUT' } });
  });
});

describe('the step of a job past its deadline', () => {
  const ends = [
    ['accepted', 'UPSTREAM_UNAVAILABLE', 'NO'],
    ['settling', 'SUBMISSION_UNKNOWN', 'UNKNOWN'],
  ] as const;

  it.each(ends)('ends an %s job as %s, charged: %s, without a call', async (phase, code, charged) => {
    await using harness = new StepHarness();
    const job = await harness.add({ phase, deadlineAt: NOON + 1 });
    await harness.clock.advance(1);
    expect(await harness.step()).toMatchObject({ outcome: 'saved', call: 'none' });
    expect(await harness.stored(job)).toMatchObject({
      phase: 'failed',
      finishedAt: NOON + 1,
      failure: { code, charged, retryable: true },
    });
    expect(harness.upstream.calls).toEqual([]);
    expect(await harness.dueInMs()).toBeNull();
  });

  const polled = [
    ['queued', 'UNKNOWN', 'status'],
    ['processing', 'UNKNOWN', 'status'],
    ['collecting', 'YES', 'result'],
  ] as const;

  it.each(polled)(
    'ends a %s job as TIMED_OUT, charged: %s, after a last call',
    async (phase, charged, call) => {
      await using harness = new StepHarness({ status: () => INCONCLUSIVE, result: () => INCONCLUSIVE });
      const job = await harness.add({ ...running(phase, NOON), deadlineAt: NOON + 1 });
      await harness.clock.advance(1);
      expect(await harness.step()).toMatchObject({ outcome: 'saved' });
      expect(await harness.stored(job)).toMatchObject({
        phase: 'failed',
        finishedAt: NOON + 1,
        failure: { code: 'TIMED_OUT', charged, retryable: true },
      });
      expect(harness.upstream.types).toEqual([call]);
      expect(harness.upstream.calls[0]?.options.timeoutMs).toBe(5 * SECOND);
      expect(await harness.dueInMs()).toBeNull();
    },
  );
});

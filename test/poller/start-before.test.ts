import { describe, expect, it } from 'vitest';
import type { Job } from '../../src/domain/job/job.ts';
import { settled } from '../support/fake-clock.ts';
import { MINUTE, NOON, SECOND } from '../support/times.ts';
import { cut, transientError } from '../support/upstream/fake-video-upstream.ts';
import { PollerHarness } from './poller-harness.ts';
import { StepHarness } from './step-harness.ts';

const START_BEFORE = NOON + MINUTE;

/** The ends of jobs that must have come on time. */
function endsOf(jobs: readonly Job[]): readonly (string | undefined)[] {
  expect(jobs.every(({ finishedAt }) => finishedAt !== null && finishedAt <= START_BEFORE + SECOND)).toBe(
    true,
  );
  return jobs.map(({ failure }) => failure?.code);
}

const ALL_TOO_LATE = Array.from({ length: 5 }, () => 'START_DEADLINE_PASSED');

describe('a job with a start deadline', () => {
  it('is sent before it, and then has the time until its own deadline', async () => {
    await using harness = new PollerHarness();
    await harness.poller.start();
    const jobs = await harness.accept(1, { startBefore: START_BEFORE });
    await harness.clock.advance(10 * MINUTE);
    expect(await harness.stored(jobs)).toMatchObject([{ phase: 'queued', startBefore: START_BEFORE }]);
  });

  it('ends at it, uncharged, with the last error', async () => {
    await using harness = new StepHarness({
      submit: () => ({ type: 'not-created', ...transientError({ reason: 'HTTP 503' }) }),
    });
    const job = await harness.add({ startBefore: START_BEFORE });
    await harness.stepFor(2 * MINUTE);
    expect(await harness.stored(job)).toMatchObject({
      phase: 'failed',
      finishedAt: START_BEFORE,
      failure: {
        code: 'START_DEADLINE_PASSED',
        message:
          "The job was not sent to the upstream before its start deadline. The upstream's last error: HTTP 503",
        retryable: true,
        charged: 'NO',
      },
    });
    expect(harness.upstream.calls.every(({ at }) => at < START_BEFORE)).toBe(true);
  });

  it('ends on time while the call budget is used up', async () => {
    await using harness = new PollerHarness({ rpm: 1 });
    await harness.poller.start();
    // The one call of this minute.
    await harness.accept(1);
    const jobs = await harness.accept(5, { startBefore: START_BEFORE });
    await harness.clock.advance(MINUTE + SECOND);
    expect(endsOf(await harness.stored(jobs))).toEqual(ALL_TOO_LATE);
    expect(harness.upstream.types).not.toContain('result');
    expect(harness.upstream.calls.filter(({ type }) => type === 'submit')).toHaveLength(1);
  });

  it('ends on time while the upstream is down and only probed', async () => {
    await using harness = new PollerHarness({
      script: { submit: () => ({ type: 'not-created', ...transientError({ apiAnswered: false }) }) },
    });
    await harness.poller.start();
    // They open the circuit.
    await harness.accept(20);
    await harness.clock.advance(30 * SECOND);
    expect(harness.log.map(({ message }) => message)).toContain(
      'the upstream is down: it is only probed until it is back',
    );
    const jobs = await harness.accept(5, { startBefore: START_BEFORE });
    await harness.clock.advance(30 * SECOND + SECOND);
    expect(endsOf(await harness.stored(jobs))).toEqual(ALL_TOO_LATE);
  });

  it('ends on time while a 429 pauses all calls for longer', async () => {
    const fault = transientError({ rateLimited: true, retryAfterMs: 4 * MINUTE });
    await using harness = new PollerHarness({
      script: { submit: () => ({ type: 'not-created', ...fault }) },
    });
    await harness.poller.start();
    const jobs = await harness.accept(5, { startBefore: START_BEFORE });
    await harness.clock.advance(MINUTE + SECOND);
    expect(endsOf(await harness.stored(jobs))).toEqual(ALL_TOO_LATE);
  });

  it('uses no call of the budget to end', async () => {
    await using harness = new PollerHarness({ rpm: 60 });
    await harness.accept(20, { startBefore: NOON });
    await harness.poller.start();
    await settled();
    // The burst is a tenth of the limit.
    await harness.accept(6);
    expect(harness.upstream.types).toEqual(Array.from({ length: 6 }, () => 'submit'));
  });

  it('ends at once when a POST that was sent before it is known to have created nothing after it', async () => {
    await using harness = new StepHarness({
      submit: async () => {
        await harness.clock.advance(2 * MINUTE);
        return { type: 'not-created', ...transientError({ retryAfterMs: 10 * MINUTE }) };
      },
    });
    const job = await harness.add({ startBefore: START_BEFORE });
    await harness.step();
    expect(await harness.dueInMs()).toBe(0);
    await harness.stepFor(0);
    expect((await harness.stored(job)).failure).toMatchObject({
      code: 'START_DEADLINE_PASSED',
      charged: 'NO',
    });
    expect(harness.upstream.types).toEqual(['submit']);
  });

  it('is not sent when it passes while the job is marked as submitting', async () => {
    await using harness = new StepHarness();
    const job = await harness.add({ startBefore: START_BEFORE });
    await harness.clock.advance(MINUTE - SECOND);
    const leased = await harness.lease();
    const save = harness.store.save.bind(harness.store);
    harness.store.save = async (...change) => {
      const outcome = await save(...change);
      harness.clock.jump(SECOND);
      return outcome;
    };
    await harness.process(leased);
    harness.store.save = save;
    expect(harness.upstream.calls).toEqual([]);
    await harness.stepFor(0);
    expect((await harness.stored(job)).failure?.code).toBe('START_DEADLINE_PASSED');
  });

  it('ends by its own deadline when that is earlier', async () => {
    await using harness = new StepHarness({
      submit: async (_, options) => {
        await cut(options);
        return { type: 'not-created', ...transientError() };
      },
    });
    const job = await harness.add({ deadlineAt: NOON, startBefore: START_BEFORE });
    await harness.step();
    expect((await harness.stored(job)).failure?.code).toBe('UPSTREAM_UNAVAILABLE');
  });
});

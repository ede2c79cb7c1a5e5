import { describe, expect, it } from 'vitest';
import type { Job } from '../../src/domain/job/job.ts';
import { nextPollDelayMs } from '../../src/domain/polling/poll-plan.ts';
import { UNLEARNED } from '../support/durations.ts';
import type { JobFields } from '../support/jobs.ts';
import { MINUTE, NOON, SECOND } from '../support/times.ts';
import { accepted, transientError } from '../support/upstream/fake-video-upstream.ts';
import { running, StepHarness } from './step-harness.ts';

/** The same error for every call. */
function faulty(change: Parameters<typeof transientError>[0] = {}) {
  const fault = transientError(change);
  return {
    submit: () => ({ type: 'not-created', ...fault }) as const,
    status: () => ({ type: 'inconclusive', ...fault }) as const,
    result: () => ({ type: 'inconclusive', ...fault }) as const,
  };
}

const STATES: [Job['phase'], JobFields][] = [
  ['accepted', { deadlineAt: NOON + 40 * MINUTE }],
  ['queued', running('queued', NOON)],
  ['processing', running('processing', NOON)],
  ['collecting', running('collecting', NOON)],
];

describe('the time of the next step', () => {
  it.each(STATES)('backs off from an %s job with each failure, up to a minute', async (_, state) => {
    await using harness = new StepHarness(faulty());
    harness.random = 0;
    await harness.add(state);
    const waits: number[] = [];
    for (let i = 0; i < 8; i += 1) {
      const report = await harness.step();
      expect(report.call).toMatchObject(transientError());
      const dueIn = (await harness.dueInMs()) ?? 0;
      waits.push(dueIn / SECOND);
      await harness.clock.advance(dueIn);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  });

  it('subtracts a random part of up to a half from the backoff', async () => {
    await using harness = new StepHarness(faulty());
    harness.random = 1;
    await harness.add();
    await harness.step();
    expect(await harness.dueInMs()).toBe(SECOND / 2);
  });

  it('restarts the backoff after a successful call', async () => {
    await using harness = new StepHarness(faulty());
    harness.random = 0;
    await harness.add(running('queued', NOON));
    const stepAfter = async (ms: number) => {
      await harness.clock.advance(ms);
      await harness.step();
      return harness.dueInMs();
    };
    expect(await stepAfter(0)).toBe(SECOND);
    expect(await stepAfter(SECOND)).toBe(2 * SECOND);
    harness.upstream.script = { status: () => ({ type: 'queued' }) };
    const pollIn = await stepAfter(2 * SECOND);
    harness.upstream.script = faulty();
    expect(await stepAfter(pollIn ?? 0)).toBe(SECOND);
  });

  it('keeps the failure count when the job is taken over, and resets it when the upstream accepts the job', async () => {
    await using harness = new StepHarness(faulty());
    harness.random = 0;
    await harness.add();
    await harness.step();
    await harness.clock.advance(SECOND);
    await harness.lease();
    await harness.clock.advance(MINUTE);
    await harness.step();
    expect(await harness.dueInMs()).toBe(2 * SECOND);
    await harness.clock.advance(2 * SECOND);
    harness.upstream.script = { submit: accepted };
    await harness.step();
    await harness.clock.advance((await harness.dueInMs()) ?? 0);
    harness.upstream.script = faulty();
    await harness.step();
    expect(await harness.dueInMs()).toBe(SECOND);
  });

  it.each(STATES)('waits with an %s job for as long as the upstream asks', async (_, state) => {
    await using harness = new StepHarness(faulty({ rateLimited: true, retryAfterMs: 90 * SECOND }));
    await harness.add(state);
    const { call } = await harness.step();
    expect(call).toMatchObject({ rateLimited: true, retryAfterMs: 90 * SECOND });
    expect(await harness.dueInMs()).toBe(90 * SECOND);
  });

  it('never waits less than its own backoff', async () => {
    await using harness = new StepHarness(faulty({ retryAfterMs: 0 }));
    harness.random = 0;
    await harness.add();
    await harness.step();
    expect(await harness.dueInMs()).toBe(SECOND);
  });

  it.each(STATES)('retries an %s job after five minutes even when Retry-After is a day', async (_, state) => {
    await using harness = new StepHarness(faulty({ retryAfterMs: 24 * 60 * MINUTE }));
    await harness.add(state);
    await harness.step();
    expect(await harness.dueInMs()).toBe(5 * MINUTE);
  });

  it('expects a job to be sent after five minutes when Retry-After of a 429 is a day', async () => {
    await using harness = new StepHarness(faulty({ rateLimited: true, retryAfterMs: 24 * 60 * MINUTE }));
    const job = await harness.add({ deadlineAt: NOON + 40 * MINUTE });
    await harness.step();
    expect((await harness.stored(job)).forecast?.from).toBe(NOON + 5 * MINUTE);
  });

  it.each(STATES)('never waits with an %s job past its deadline', async (phase, state) => {
    await using harness = new StepHarness(faulty({ retryAfterMs: 2 * MINUTE }));
    await harness.add({ ...state, deadlineAt: NOON + MINUTE });
    await harness.step();
    // A job at the upstream is polled once more shortly before the deadline.
    const lead = phase === 'accepted' ? 0 : 5 * SECOND;
    expect(await harness.dueInMs()).toBe(MINUTE - lead);
    await harness.clock.advance(MINUTE - lead);
    await harness.step();
    expect(await harness.dueInMs()).toBe(phase === 'accepted' ? null : lead);
  });

  it('polls by the plan, from the time the upstream accepted the job', async () => {
    await using harness = new StepHarness();
    await harness.add(running('queued', NOON));
    await harness.step();
    const planned = (lastPolledAt: number) =>
      nextPollDelayMs(
        { submittedAt: NOON - 12 * SECOND, startedAt: null, lastPolledAt },
        UNLEARNED,
        harness.random,
      );
    expect(await harness.dueInMs()).toBe(planned(NOON));
    await harness.clock.advance(10 * MINUTE);
    await harness.step();
    expect(await harness.dueInMs()).toBe(planned(NOON + 10 * MINUTE));
  });
});

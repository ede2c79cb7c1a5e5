import { describe, expect, it } from 'vitest';
import type { HistoryEntry, ResultOutcome, StatusOutcome } from '../../src/providers/video-upstream.ts';
import { HOUR, MINUTE, NOON, SECOND } from '../support/times.ts';
import { transientError, type UpstreamScript, VIDEO_READY } from '../support/upstream/fake-video-upstream.ts';
import { found, KEPT_URL, runFor, running, StepHarness } from './step-harness.ts';

const NOT_FOUND = { type: 'not-found', reason: 'HTTP 404: Request up-running not found' } as const;
const COMPLETED = { type: 'completed', metrics: null } as const;

describe('a 404 for a job that was accepted', () => {
  it('does not end the job within 30 seconds', async () => {
    await using harness = new StepHarness({ status: () => NOT_FOUND });
    const job = await harness.add(running('processing', NOON));
    await harness.stepFor(25 * SECOND);
    expect(harness.upstream.types.length).toBeGreaterThan(4);
    expect(await harness.stored(job)).toEqual(job);
    harness.upstream.script = { status: () => COMPLETED };
    await harness.stepFor(10 * SECOND);
    expect((await harness.stored(job)).phase).toBe('completed');
  });

  it('ends the job after 30 seconds when there is no history', async () => {
    const { job, tookMs } = await runFor(MINUTE, 'processing', { status: () => NOT_FOUND });
    expect(job.failure).toMatchObject({ code: 'RESULT_EXPIRED', charged: 'UNKNOWN' });
    expect(tookMs).toBe(30 * SECOND);
  });

  it('starts again when the upstream knows the job in between', async () => {
    let polls = 0;
    const status = (): StatusOutcome => (++polls % 4 === 0 ? { type: 'processing' } : NOT_FOUND);
    expect((await runFor(5 * MINUTE, 'processing', { status })).job.phase).toBe('processing');
  });

  it('is confirmed by the history, with its cost, before it ends the job', async () => {
    const { job, calls } = await runFor(MINUTE, 'processing', {
      status: () => NOT_FOUND,
      lookUp: () => found({ video: null }),
    });
    expect(job).toMatchObject({
      metrics: { costUsd: 0.53 },
      failure: { code: 'RESULT_EXPIRED', charged: 'YES' },
    });
    expect(calls.at(-1)).toBe('look-up');
  });

  it.each(['processing', 'collecting'] as const)(
    'completes a %s job whose video is in the history',
    async (phase) => {
      const script = { status: () => NOT_FOUND, result: () => NOT_FOUND, lookUp: () => found() };
      expect((await runFor(MINUTE, phase, script)).job).toMatchObject({
        phase: 'completed',
        video: { url: KEPT_URL, inline: false },
        metrics: { costUsd: 0.53 },
      });
    },
  );

  it('does not end the job while the history shows it as not done', async () => {
    let state: HistoryEntry['state'] = 'pending';
    await using harness = new StepHarness({ status: () => NOT_FOUND, lookUp: () => found({ state }) });
    const job = await harness.add(running('processing', NOON));
    await harness.stepFor(3 * MINUTE);
    expect((await harness.stored(job)).phase).toBe('processing');
    state = 'completed';
    await harness.stepFor(MINUTE);
    expect((await harness.stored(job)).phase).toBe('completed');
  });

  it('fails the job with the message of the history', async () => {
    const { job } = await runFor(MINUTE, 'processing', {
      status: () => NOT_FOUND,
      lookUp: () => found({ state: 'failed', message: 'NSFW', costUsd: 0, video: null }),
    });
    expect(job.failure).toMatchObject({ code: 'GENERATION_FAILED', message: 'NSFW', charged: 'NO' });
  });

  it('needs only the confirmation by the history when the job is over an hour old', async () => {
    const script: UpstreamScript = { status: () => NOT_FOUND, lookUp: () => ({ type: 'not-found' }) };
    const { job, calls } = await runFor(0, 'processing', script, { submittedAt: NOON - HOUR });
    expect(job.failure?.code).toBe('RESULT_EXPIRED');
    expect(calls).toEqual(['status', 'look-up']);
  });
});

describe('an undocumented final word', () => {
  const cancelled: StatusOutcome = {
    type: 'ended',
    word: 'CANCELLED',
    message: 'The worker was lost.',
    metrics: null,
  };

  it('ends the job when it is repeated', async () => {
    await using harness = new StepHarness({ status: () => cancelled });
    const job = await harness.add(running('processing', NOON));
    await harness.step();
    expect(await harness.stored(job)).toEqual(job);
    await harness.stepFor(10 * SECOND);
    expect((await harness.stored(job)).failure).toMatchObject({
      code: 'GENERATION_FAILED',
      message: 'The worker was lost.',
      charged: 'NO',
    });
    expect(harness.upstream.types).toEqual(['status', 'status']);
  });

  it('is ignored when the next poll has another status', async () => {
    let polls = 0;
    const status = (): StatusOutcome => (++polls % 2 === 1 ? cancelled : { type: 'processing' });
    expect((await runFor(MINUTE, 'processing', { status })).job.phase).toBe('processing');
  });
});

describe('a result without a video', () => {
  const empty: ResultOutcome = { type: 'empty', message: 'None', metrics: null };
  const unreadable: ResultOutcome = {
    type: 'inconclusive',
    ...transientError({ apiAnswered: true, reason: 'HTTP 200 with an unreadable body' }),
  };

  it('fails the job after three tries, with the upstream’s message, charged', async () => {
    const { job, calls, tookMs } = await runFor(MINUTE, 'collecting', { result: () => empty });
    expect(job.failure).toMatchObject({ code: 'GENERATION_FAILED', message: 'None', charged: 'YES' });
    expect(calls).toEqual(['result', 'result', 'result']);
    expect(tookMs).toBeLessThan(10 * SECOND);
  });

  it.each([
    ['is empty', empty],
    ['cannot be read', unreadable],
  ])('is replaced by the video in the history when the result %s', async (_, result) => {
    const { job, calls } = await runFor(MINUTE, 'collecting', {
      result: () => result,
      lookUp: () => found(),
    });
    expect(job.phase).toBe('completed');
    expect(calls).toEqual(['result', 'result', 'result', 'look-up']);
  });

  it('is fetched again while it cannot be read and the history has no video', async () => {
    await using harness = new StepHarness({
      result: () => unreadable,
      lookUp: () => ({ type: 'not-found' }),
    });
    const job = await harness.add(running('collecting', NOON));
    await harness.stepFor(MINUTE);
    expect((await harness.stored(job)).phase).toBe('collecting');
    harness.upstream.script = { result: () => VIDEO_READY };
    await harness.stepFor(2 * MINUTE);
    expect((await harness.stored(job)).phase).toBe('completed');
  });
});

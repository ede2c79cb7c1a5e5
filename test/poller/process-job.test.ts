import { describe, expect, it } from 'vitest';
import { forecastWaiting } from '../../src/domain/job/forecast.ts';
import type { Job, JobMetrics } from '../../src/domain/job/job.ts';
import type { StatusOutcome, SubmitOutcome } from '../../src/providers/video-upstream.ts';
import { UNLEARNED } from '../support/durations.ts';
import { DAY, MINUTE, NOON, SECOND } from '../support/times.ts';
import { transientError, VIDEO_READY } from '../support/upstream/fake-video-upstream.ts';
import { CALL_TIMEOUT_MS, LEASE_MS, RETENTION_MS, running, StepHarness } from './step-harness.ts';

const METRICS: JobMetrics = { queueSeconds: 2, inferenceSeconds: 40, costUsd: 0.5 };
const INCONCLUSIVE = { type: 'inconclusive', ...transientError() } as const;

describe('the step of an accepted job', () => {
  const outcomes: [string, SubmitOutcome, Partial<Job>][] = [
    [
      'queues a job that the upstream accepted',
      { type: 'accepted', upstreamId: 'up-1' },
      {
        phase: 'queued',
        upstreamId: 'up-1',
        submittedAt: NOON,
        failure: null,
        finishedAt: null,
        forecast: forecastWaiting(UNLEARNED, NOON),
      },
    ],
    [
      'fails a refused job, not charged',
      { type: 'refused', code: 'INSUFFICIENT_CREDITS', message: 'no credits' },
      {
        phase: 'failed',
        finishedAt: NOON,
        failure: { code: 'INSUFFICIENT_CREDITS', message: 'no credits', retryable: false, charged: 'NO' },
      },
    ],
    [
      'fails a job whose answer was lost, with an unknown charge',
      { type: 'unknown', message: 'socket closed', apiAnswered: false, candidateId: null },
      {
        phase: 'failed',
        finishedAt: NOON,
        failure: {
          code: 'SUBMISSION_UNKNOWN',
          message: 'socket closed',
          retryable: true,
          charged: 'UNKNOWN',
        },
      },
    ],
    [
      'returns a job to accepted when the POST created nothing',
      { type: 'not-created', ...transientError() },
      {
        phase: 'accepted',
        waitingFor: 'UPSTREAM_UNAVAILABLE',
        upstreamId: null,
        submittedAt: null,
        failure: null,
        finishedAt: null,
      },
    ],
  ];

  it.each(outcomes)('%s', async (_, outcome, expected) => {
    await using harness = new StepHarness({ submit: () => outcome });
    const job = await harness.add();
    const report = await harness.step();
    // Two versions: the mark before the call, and the outcome.
    const changed = { updatedAt: expect.any(Number), sentAt: NOON, ...expected, version: 3 };
    expect(await harness.stored(job)).toEqual({ ...job, ...changed });
    expect(report).toMatchObject({ job: await harness.stored(job), outcome: 'saved' });
    expect(harness.upstream.calls).toMatchObject([{ type: 'submit', subject: job.request.prompt }]);
    const final = expected.phase === 'failed';
    expect((await harness.dueInMs()) === null).toBe(final);
  });

  it('marks the job as submitting, under its lease, before it makes the call', async () => {
    const seen: unknown[] = [];
    await using harness = new StepHarness({
      submit: async () => {
        const { phase, version } = await harness.stored(job);
        seen.push(phase, version, await harness.dueInMs());
        return { type: 'accepted', upstreamId: 'up-1' };
      },
    });
    const job = await harness.add();
    await harness.step();
    expect(seen).toEqual(['submitting', 2, LEASE_MS]);
  });

  it('makes no call when another poller has taken the job over', async () => {
    await using harness = new StepHarness();
    const job = await harness.add();
    const expired = await harness.lease();
    await harness.clock.advance(LEASE_MS);
    const current = await harness.lease();
    expect(await harness.process(current)).toMatchObject({ outcome: 'saved' });
    expect(await harness.process(expired)).toMatchObject({ outcome: 'superseded', call: 'none' });
    expect(harness.upstream.types).toEqual(['submit']);
    expect(await harness.stored(job)).toMatchObject({ phase: 'queued', version: 3 });
  });

  it('stores the answer to a call that outlasted its lease, even when another poller has taken the job over', async () => {
    await using harness = new StepHarness({
      submit: async () => {
        await harness.clock.advance(LEASE_MS);
        await harness.step();
        return { type: 'accepted', upstreamId: 'up-1' };
      },
    });
    const job = await harness.add();
    expect(await harness.step()).toMatchObject({ outcome: 'saved', call: 'answered' });
    expect(await harness.stored(job)).toMatchObject({ phase: 'queued', upstreamId: 'up-1', failure: null });
    expect(harness.upstream.types).toEqual(['submit']);
  });
});

describe('the step of a job found in submitting', () => {
  it.each([NOON + 40 * MINUTE, NOON - 1])(
    'waits half a minute for the poller that may have the answer, then ends the job as SUBMISSION_UNKNOWN, without a call',
    async (deadlineAt) => {
      await using harness = new StepHarness();
      const job = await harness.add({ phase: 'submitting', version: 2, deadlineAt });
      expect(await harness.step()).toMatchObject({ outcome: 'saved', call: 'none' });
      expect((await harness.stored(job)).phase).toBe('settling');
      for (let dueIn = await harness.dueInMs(); dueIn !== null; dueIn = await harness.dueInMs()) {
        await harness.clock.advance(dueIn);
        await harness.step();
      }
      expect(await harness.stored(job)).toMatchObject({
        phase: 'failed',
        failure: { code: 'SUBMISSION_UNKNOWN', charged: 'UNKNOWN', retryable: true },
      });
      // After its deadline there is no time to wait.
      expect(harness.clock.now() - NOON).toBe(deadlineAt < NOON ? 5 * SECOND : 30 * SECOND);
      expect(harness.upstream.calls).toEqual([]);
    },
  );
});

describe('the step of a queued or processing job', () => {
  const failed: StatusOutcome = { type: 'failed', message: 'content blocked', metrics: METRICS };
  const outcomes: [string, 'queued' | 'processing', StatusOutcome, Partial<Job>][] = [
    ['leaves a queued job that is queued', 'queued', { type: 'queued' }, { phase: 'queued', version: 3 }],
    [
      'moves a queued job to processing',
      'queued',
      { type: 'processing' },
      {
        phase: 'processing',
        version: 4,
        // Between the submission and this first poll, by the expected queue time.
        startedAt: NOON - 12 * SECOND + 1785,
        forecast: expect.objectContaining({ madeAt: NOON, from: NOON - 12 * SECOND + 1785 }),
      },
    ],
    [
      'leaves a processing job when the upstream says queued',
      'processing',
      { type: 'queued' },
      { phase: 'processing', version: 3 },
    ],
    [
      'leaves a processing job when the upstream says processing',
      'processing',
      { type: 'processing' },
      { phase: 'processing', version: 3, startedAt: NOON - 6 * SECOND },
    ],
    [
      'moves a completed job to collecting',
      'processing',
      { type: 'completed', metrics: METRICS },
      { phase: 'collecting', version: 4, metrics: METRICS, finishedAt: null },
    ],
    [
      'moves a job to collecting that was never seen running, with an estimate of its start',
      'queued',
      { type: 'completed', metrics: null },
      { phase: 'collecting', version: 4, startedAt: NOON - 12 * SECOND + 1785, metrics: null },
    ],
    [
      'fails a job that failed',
      'processing',
      failed,
      {
        phase: 'failed',
        version: 4,
        finishedAt: NOON,
        metrics: METRICS,
        failure: {
          code: 'GENERATION_FAILED',
          message: 'content blocked',
          retryable: false,
          charged: 'YES',
        },
      },
    ],
    ['leaves a job after an inconclusive answer', 'queued', INCONCLUSIVE, { phase: 'queued', version: 3 }],
  ];

  it.each(outcomes)('%s', async (_, phase, outcome, expected) => {
    await using harness = new StepHarness({ status: () => outcome });
    const job = await harness.add(running(phase, NOON));
    const report = await harness.step();
    expect(await harness.stored(job)).toEqual({ ...job, updatedAt: expect.any(Number), ...expected });
    expect(report.job).toEqual(await harness.stored(job));
    expect(harness.upstream.calls).toMatchObject([{ type: 'status', subject: 'up-running' }]);
    expect((await harness.dueInMs()) === null).toBe(expected.phase === 'failed');
  });

  it('fetches the video at once when the job is done', async () => {
    await using harness = new StepHarness({ status: () => ({ type: 'completed', metrics: null }) });
    const job = await harness.add(running('processing', NOON));
    await harness.step();
    expect(await harness.dueInMs()).toBe(0);
    await harness.step();
    expect(harness.upstream.types).toEqual(['status', 'result']);
    expect((await harness.stored(job)).phase).toBe('completed');
  });
});

describe('the step of a collecting job', () => {
  it('completes the job with a URL that expires a week after submission', async () => {
    await using harness = new StepHarness({ result: () => ({ ...VIDEO_READY, metrics: METRICS }) });
    const job = await harness.add(running('collecting', NOON));
    await harness.step();
    expect(await harness.stored(job)).toEqual({
      ...job,
      phase: 'completed',
      version: 4,
      updatedAt: NOON,
      finishedAt: NOON,
      metrics: METRICS,
      video: {
        url: 'https://files.example.com/cat.mp4',
        inline: false,
        contentType: 'video/mp4',
        byteLength: 1234,
        expiresAt: (job.submittedAt ?? 0) + 7 * DAY,
      },
    });
    expect(await harness.store.getVideoData(job.id)).toBeNull();
    expect(harness.upstream.calls).toMatchObject([{ type: 'result', subject: 'up-running' }]);
    expect(await harness.dueInMs()).toBeNull();
  });

  it.each([
    [true, NOON],
    [false, null],
  ])('adds the file task of a completed job where videos are archived: %j', async (archives, runAt) => {
    const video = {
      url: 'https://files.example.com/a',
      base64: null,
      contentType: 'video/mp4',
      byteLength: 3,
    };
    await using harness = new StepHarness({
      result: () => ({ type: 'ready', video, metrics: null }),
      status: () => ({ type: 'completed', metrics: METRICS }),
    });
    const job = await harness.add(running('processing', NOON));
    await harness.process(await harness.lease(), { archives });
    expect(await harness.fileTasks.nextDueAt()).toBeNull();
    await harness.process(await harness.lease(), { archives });
    expect(await harness.stored(job)).toMatchObject({ phase: 'completed' });
    expect(await harness.fileTasks.nextDueAt()).toBe(runAt);
  });

  it('stores base64 beside the job, which expires with the job’s retention', async () => {
    const video = { url: null, base64: 'QUJD', contentType: 'video/mp4', byteLength: 3 };
    await using harness = new StepHarness({ result: () => ({ type: 'ready', video, metrics: null }) });
    const job = await harness.add(running('collecting', NOON));
    const report = await harness.step();
    const stored = await harness.stored(job);
    expect(stored.video).toEqual({
      url: null,
      inline: true,
      contentType: 'video/mp4',
      byteLength: 3,
      expiresAt: NOON + RETENTION_MS,
    });
    expect(await harness.store.getVideoData(job.id)).toBe('QUJD');
    expect(JSON.stringify([stored, report])).not.toContain('QUJD');
  });

  it('fails the job when the result says that it failed', async () => {
    await using harness = new StepHarness({
      result: () => ({ type: 'failed', message: 'no frames', metrics: null }),
    });
    const job = await harness.add(running('collecting', NOON));
    await harness.step();
    const failure = { code: 'GENERATION_FAILED', message: 'no frames', charged: 'NO' };
    expect(await harness.stored(job)).toMatchObject({ phase: 'failed', version: 4, failure });
  });

  it('leaves the job after an inconclusive answer', async () => {
    await using harness = new StepHarness({ result: () => INCONCLUSIVE });
    const job = await harness.add(running('collecting', NOON));
    await harness.step();
    expect(await harness.stored(job)).toEqual(job);
    expect(await harness.dueInMs()).toBeGreaterThan(0);
  });
});

describe('every call', () => {
  it('has the timeout of a call, the signal that aborts it and its job', async () => {
    await using harness = new StepHarness();
    const ids: string[] = [];
    for (const phase of ['accepted', 'queued', 'collecting'] as const) {
      ids.push((await harness.add(phase === 'accepted' ? {} : running(phase, NOON))).id);
      await harness.step();
    }
    const options = { timeoutMs: CALL_TIMEOUT_MS, signal: harness.cutting.signal };
    expect(harness.upstream.types).toEqual(['submit', 'status', 'result']);
    for (const call of harness.upstream.calls) expect(call.options).toMatchObject(options);
    expect(harness.upstream.calls.map((call) => call.options.job?.id)).toEqual(ids);
  });
});

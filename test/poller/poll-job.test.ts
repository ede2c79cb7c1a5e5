import { describe, expect, it } from 'vitest';
import type { Job } from '../../src/domain/job/job.ts';
import type { HistoryEntry, ResultOutcome, StatusOutcome } from '../../src/providers/video-upstream.ts';
import type { JobFields } from '../support/jobs.ts';
import { HOUR, MINUTE, NOON, SECOND } from '../support/times.ts';
import { transientError, type UpstreamScript, VIDEO_READY } from '../support/upstream/fake-video-upstream.ts';
import { running, StepBench } from './step-bench.ts';

const NOT_FOUND = { type: 'not-found', reason: 'HTTP 404: Request up-running not found' } as const;
const COMPLETED = { type: 'completed', metrics: null } as const;
const KEPT_URL = 'https://files.example.com/kept.mp4';

function found(change: Partial<HistoryEntry> = {}) {
  const entry: HistoryEntry = {
    upstreamId: 'up-running',
    createdAt: NOON,
    state: 'completed',
    videoUrl: KEPT_URL,
    message: null,
    costUsd: 0.53,
    ...change,
  };
  return { type: 'found', entry } as const;
}

/** Runs steps until the job is final or the time has passed. */
async function stepFor(bench: StepBench, ms: number): Promise<void> {
  const until = bench.clock.now() + ms;
  for (;;) {
    const dueIn = await bench.dueInMs();
    if (dueIn === null || bench.clock.now() + dueIn > until) return;
    await bench.clock.advance(Math.max(0, dueIn));
    await bench.step();
  }
}

/** Runs a job at the upstream for some time. */
async function runFor(
  ms: number,
  phase: 'processing' | 'collecting',
  script: UpstreamScript,
  change: JobFields = {},
): Promise<{ readonly job: Job; readonly calls: readonly string[]; readonly tookMs: number }> {
  await using bench = new StepBench(script);
  const job = await bench.add({ ...running(phase, NOON), ...change });
  await stepFor(bench, ms);
  return { job: await bench.stored(job), calls: bench.upstream.types, tookMs: bench.clock.now() - NOON };
}

describe('a 404 for a job that was accepted', () => {
  it('does not end the job within 30 seconds', async () => {
    await using bench = new StepBench({ status: () => NOT_FOUND });
    const job = await bench.add(running('processing', NOON));
    await stepFor(bench, 25 * SECOND);
    expect(bench.upstream.types.length).toBeGreaterThan(4);
    expect(await bench.stored(job)).toEqual(job);
    bench.upstream.script = { status: () => COMPLETED };
    await stepFor(bench, 10 * SECOND);
    expect((await bench.stored(job)).phase).toBe('completed');
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
      lookUp: () => found({ videoUrl: null }),
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
    await using bench = new StepBench({ status: () => NOT_FOUND, lookUp: () => found({ state }) });
    const job = await bench.add(running('processing', NOON));
    await stepFor(bench, 3 * MINUTE);
    expect((await bench.stored(job)).phase).toBe('processing');
    state = 'completed';
    await stepFor(bench, MINUTE);
    expect((await bench.stored(job)).phase).toBe('completed');
  });

  it('fails the job with the message of the history', async () => {
    const { job } = await runFor(MINUTE, 'processing', {
      status: () => NOT_FOUND,
      lookUp: () => found({ state: 'failed', message: 'NSFW', costUsd: 0, videoUrl: null }),
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
    await using bench = new StepBench({ status: () => cancelled });
    const job = await bench.add(running('processing', NOON));
    await bench.step();
    expect(await bench.stored(job)).toEqual(job);
    await stepFor(bench, 10 * SECOND);
    expect((await bench.stored(job)).failure).toMatchObject({
      code: 'GENERATION_FAILED',
      message: 'The worker was lost.',
      charged: 'NO',
    });
    expect(bench.upstream.types).toEqual(['status', 'status']);
  });

  it('is dropped when the next poll has another status', async () => {
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
    await using bench = new StepBench({ result: () => unreadable, lookUp: () => ({ type: 'not-found' }) });
    const job = await bench.add(running('collecting', NOON));
    await stepFor(bench, MINUTE);
    expect((await bench.stored(job)).phase).toBe('collecting');
    bench.upstream.script = { result: () => VIDEO_READY };
    await stepFor(bench, 2 * MINUTE);
    expect((await bench.stored(job)).phase).toBe('completed');
  });
});

describe('a job at its deadline', () => {
  const deadline = { deadlineAt: NOON + MINUTE };
  const inconclusive = { type: 'inconclusive', ...transientError() } as const;

  it('is polled for the last time five seconds before it, and ends with the last error', async () => {
    await using bench = new StepBench({
      status: () => ({ type: 'inconclusive', ...transientError({ reason: 'HTTP 500: out of memory' }) }),
    });
    const job = await bench.add({ ...running('processing', NOON), deadlineAt: NOON + 10 * MINUTE });
    await stepFor(bench, 10 * MINUTE);
    const ended = await bench.stored(job);
    expect(ended.finishedAt).toBe(job.deadlineAt);
    expect(ended.failure).toMatchObject({
      code: 'TIMED_OUT',
      message:
        "The video was not ready before the deadline. The upstream's last error: HTTP 500: out of memory",
    });
    expect(bench.upstream.calls.at(-1)?.at).toBe(job.deadlineAt - 5 * SECOND);
  });

  it.each(['processing', 'collecting'] as const)(
    'completes with the video that only the history has: %s',
    async (phase) => {
      const script = { status: () => inconclusive, result: () => inconclusive, lookUp: () => found() };
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
    await using bench = new StepBench({
      status: () =>
        bench.clock.now() >= NOON + 10 * MINUTE - 5 * SECOND ? COMPLETED : { type: 'processing' },
    });
    const job = await bench.add({ ...running('processing', NOON), deadlineAt: NOON + 10 * MINUTE });
    await stepFor(bench, 10 * MINUTE);
    expect((await bench.stored(job)).phase).toBe('completed');
  });

  it.each<[string, UpstreamScript, string[]]>([
    ['the last poll', { status: () => COMPLETED }, ['status', 'result']],
    ['the history', { status: () => inconclusive, lookUp: () => found() }, ['status', 'look-up']],
  ])('completes by %s even when no poller ran at the deadline', async (_, script, calls) => {
    await using bench = new StepBench(script);
    const job = await bench.add({ ...running('processing', NOON), ...deadline });
    await bench.clock.advance(10 * MINUTE);
    await stepFor(bench, 0);
    expect((await bench.stored(job)).phase).toBe('completed');
    expect(bench.upstream.types).toEqual(calls);
  });

  it('waits for that call while the budget is empty, but not forever', async () => {
    await using bench = new StepBench({ status: () => COMPLETED });
    bench.mayCall = false;
    const job = await bench.add({ ...running('processing', NOON), ...deadline });
    await bench.clock.advance(10 * MINUTE);
    await stepFor(bench, 10 * SECOND);
    expect((await bench.stored(job)).phase).toBe('processing');
    await stepFor(bench, MINUTE);
    expect((await bench.stored(job)).failure?.code).toBe('TIMED_OUT');
    expect(bench.upstream.calls).toEqual([]);
  });

  it('does not wait for it when the calls before the deadline went to other jobs', async () => {
    await using bench = new StepBench();
    bench.mayCall = false;
    const job = await bench.add({ ...running('processing', NOON), deadlineAt: NOON + 1 });
    await bench.clock.advance(1);
    await bench.step();
    expect(await bench.stored(job)).toMatchObject({ finishedAt: NOON + 1, failure: { code: 'TIMED_OUT' } });
  });
});

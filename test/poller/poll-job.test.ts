import { describe, expect, it } from 'vitest';
import type { HistoryEntry, ResultOutcome, StatusOutcome } from '../../src/providers/video-upstream.ts';
import { transientError, VIDEO_READY } from '../support/upstream/fake-video-upstream.ts';
import { HOUR, MINUTE, NOON, SECOND } from '../support/times.ts';
import { running, StepBench } from './step-bench.ts';

const NOT_FOUND = { type: 'not-found', reason: 'HTTP 404: Request up-running not found' } as const;

function entry(change: Partial<HistoryEntry> = {}): HistoryEntry {
  return {
    upstreamId: 'up-running',
    createdAt: NOON,
    state: 'completed',
    videoUrl: 'https://files.example.com/kept.mp4',
    message: null,
    costUsd: 0.53,
    ...change,
  };
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

describe('a 404 for a job that was accepted', () => {
  it('does not end the job within 30 seconds', async () => {
    await using bench = new StepBench({ status: () => NOT_FOUND });
    const job = await bench.add(running('processing', NOON));
    await stepFor(bench, 25 * SECOND);
    expect(bench.upstream.types.length).toBeGreaterThan(4);
    expect(await bench.stored(job)).toEqual(job);
    bench.upstream.script = { status: () => ({ type: 'completed', metrics: null }) };
    await stepFor(bench, 10 * SECOND);
    expect((await bench.stored(job)).phase).toBe('completed');
  });

  it('ends the job after 30 seconds when there is no history', async () => {
    await using bench = new StepBench({ status: () => NOT_FOUND });
    const job = await bench.add(running('processing', NOON));
    await stepFor(bench, MINUTE);
    expect((await bench.stored(job)).failure).toMatchObject({ code: 'RESULT_EXPIRED', charged: 'UNKNOWN' });
    expect(bench.clock.now()).toBe(NOON + 30 * SECOND);
  });

  it('starts again when the upstream knows the job in between', async () => {
    let polls = 0;
    await using bench = new StepBench({
      status: () => (++polls % 4 === 0 ? { type: 'processing' } : NOT_FOUND),
    });
    const job = await bench.add(running('processing', NOON));
    await stepFor(bench, 5 * MINUTE);
    expect((await bench.stored(job)).phase).toBe('processing');
  });

  it('is confirmed by the history, with its cost, before it ends the job', async () => {
    await using bench = new StepBench({
      status: () => NOT_FOUND,
      lookUp: () => ({ type: 'found', entry: entry({ videoUrl: null }) }),
    });
    const job = await bench.add(running('processing', NOON));
    await stepFor(bench, MINUTE);
    expect(await bench.stored(job)).toMatchObject({
      metrics: { costUsd: 0.53 },
      failure: { code: 'RESULT_EXPIRED', charged: 'YES' },
    });
    expect(bench.upstream.types.at(-1)).toBe('look-up');
  });

  it.each(['processing', 'collecting'] as const)(
    'completes a %s job whose video is in the history',
    async (phase) => {
      await using bench = new StepBench({
        status: () => NOT_FOUND,
        result: () => NOT_FOUND,
        lookUp: () => ({ type: 'found', entry: entry() }),
      });
      const job = await bench.add(running(phase, NOON));
      await stepFor(bench, MINUTE);
      expect(await bench.stored(job)).toMatchObject({
        phase: 'completed',
        video: { url: 'https://files.example.com/kept.mp4', inline: false },
        metrics: { costUsd: 0.53 },
      });
    },
  );

  it('does not end the job while the history shows it as not done', async () => {
    let state: HistoryEntry['state'] = 'pending';
    await using bench = new StepBench({
      status: () => NOT_FOUND,
      lookUp: () => ({ type: 'found', entry: entry({ state }) }),
    });
    const job = await bench.add(running('processing', NOON));
    await stepFor(bench, 3 * MINUTE);
    expect((await bench.stored(job)).phase).toBe('processing');
    state = 'completed';
    await stepFor(bench, MINUTE);
    expect((await bench.stored(job)).phase).toBe('completed');
  });

  it('fails the job with the message of the history', async () => {
    await using bench = new StepBench({
      status: () => NOT_FOUND,
      lookUp: () => ({
        type: 'found',
        entry: entry({ state: 'failed', message: 'NSFW', costUsd: 0, videoUrl: null }),
      }),
    });
    const job = await bench.add(running('processing', NOON));
    await stepFor(bench, MINUTE);
    expect((await bench.stored(job)).failure).toMatchObject({
      code: 'GENERATION_FAILED',
      message: 'NSFW',
      charged: 'NO',
    });
  });

  it('needs only the confirmation by the history when the job is over an hour old', async () => {
    await using bench = new StepBench({ status: () => NOT_FOUND, lookUp: () => ({ type: 'not-found' }) });
    const old = { ...running('processing', NOON), submittedAt: NOON - HOUR };
    const job = await bench.add(old);
    await stepFor(bench, 0);
    expect((await bench.stored(job)).failure?.code).toBe('RESULT_EXPIRED');
    expect(bench.upstream.types).toEqual(['status', 'look-up']);
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
    await using bench = new StepBench({
      status: () => (++polls % 2 === 1 ? cancelled : { type: 'processing' }),
    });
    const job = await bench.add(running('processing', NOON));
    await stepFor(bench, MINUTE);
    expect((await bench.stored(job)).phase).toBe('processing');
  });
});

describe('a result without a video', () => {
  const empty: ResultOutcome = { type: 'empty', message: 'None', metrics: null };

  it('fails the job after three tries, with the upstream’s message, charged', async () => {
    await using bench = new StepBench({ result: () => empty });
    const job = await bench.add(running('collecting', NOON));
    await stepFor(bench, MINUTE);
    expect((await bench.stored(job)).failure).toMatchObject({
      code: 'GENERATION_FAILED',
      message: 'None',
      charged: 'YES',
    });
    expect(bench.upstream.types).toEqual(['result', 'result', 'result']);
    expect(bench.clock.now() - NOON).toBeLessThan(10 * SECOND);
  });

  it('is replaced by the video in the history', async () => {
    await using bench = new StepBench({
      result: () => empty,
      lookUp: () => ({ type: 'found', entry: entry() }),
    });
    const job = await bench.add(running('collecting', NOON));
    await stepFor(bench, MINUTE);
    expect((await bench.stored(job)).phase).toBe('completed');
  });

  it('is replaced by the video in the history when the result cannot be read', async () => {
    const fault = transientError({ apiAnswered: true, reason: 'HTTP 200 with an unreadable body' });
    await using bench = new StepBench({
      result: () => ({ type: 'inconclusive', ...fault }),
      lookUp: () => ({ type: 'found', entry: entry() }),
    });
    const job = await bench.add(running('collecting', NOON));
    await stepFor(bench, MINUTE);
    expect((await bench.stored(job)).phase).toBe('completed');
    expect(bench.upstream.types).toEqual(['result', 'result', 'result', 'look-up']);
  });

  it('is fetched again while it cannot be read and the history has no video', async () => {
    const fault = transientError({ apiAnswered: true, reason: 'HTTP 200 with an unreadable body' });
    await using bench = new StepBench({
      result: () => ({ type: 'inconclusive', ...fault }),
      lookUp: () => ({ type: 'not-found' }),
    });
    const job = await bench.add(running('collecting', NOON));
    await stepFor(bench, MINUTE);
    expect((await bench.stored(job)).phase).toBe('collecting');
    bench.upstream.script = { result: () => VIDEO_READY };
    await stepFor(bench, 2 * MINUTE);
    expect((await bench.stored(job)).phase).toBe('completed');
  });
});

describe('a job at its deadline', () => {
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
      const fault = transientError({ reason: 'HTTP 502 with an HTML page' });
      await using bench = new StepBench({
        status: () => ({ type: 'inconclusive', ...fault }),
        result: () => ({ type: 'inconclusive', ...fault }),
        lookUp: () => ({ type: 'found', entry: entry() }),
      });
      const job = await bench.add({ ...running(phase, NOON), deadlineAt: NOON + MINUTE });
      await stepFor(bench, MINUTE);
      expect(await bench.stored(job)).toMatchObject({
        phase: 'completed',
        finishedAt: job.deadlineAt,
        video: { url: 'https://files.example.com/kept.mp4' },
      });
    },
  );

  it('completes with the video that only the history has, even when no poller ran at the deadline', async () => {
    await using bench = new StepBench({
      status: () => ({ type: 'inconclusive', ...transientError() }),
      lookUp: () => ({ type: 'found', entry: entry() }),
    });
    const job = await bench.add({ ...running('processing', NOON), deadlineAt: NOON + MINUTE });
    await bench.clock.advance(10 * MINUTE);
    await stepFor(bench, 0);
    expect((await bench.stored(job)).phase).toBe('completed');
    expect(bench.upstream.types).toEqual(['status', 'look-up']);
  });

  it('ends when the history has no video', async () => {
    await using bench = new StepBench({ lookUp: () => ({ type: 'not-found' }) });
    const job = await bench.add({ ...running('processing', NOON), deadlineAt: NOON + MINUTE });
    await stepFor(bench, MINUTE);
    expect(await bench.stored(job)).toMatchObject({
      finishedAt: NOON + MINUTE,
      failure: { code: 'TIMED_OUT' },
    });
  });

  it('completes when the last poll finds it done', async () => {
    await using bench = new StepBench({
      status: () => ({
        type: bench.clock.now() >= NOON + 10 * MINUTE - 5 * SECOND ? 'completed' : 'processing',
        metrics: null,
      }),
    });
    const job = await bench.add({ ...running('processing', NOON), deadlineAt: NOON + 10 * MINUTE });
    await stepFor(bench, 10 * MINUTE);
    expect((await bench.stored(job)).phase).toBe('completed');
  });

  it('is polled once more when no poller ran at its deadline', async () => {
    await using bench = new StepBench({ status: () => ({ type: 'completed', metrics: null }) });
    const job = await bench.add({ ...running('processing', NOON), deadlineAt: NOON + MINUTE });
    await bench.clock.advance(10 * MINUTE);
    await stepFor(bench, 0);
    expect((await bench.stored(job)).phase).toBe('completed');
  });

  it('waits for that call while the budget is empty, but not forever', async () => {
    await using bench = new StepBench({ status: () => ({ type: 'completed', metrics: null }) });
    bench.mayCall = false;
    const job = await bench.add({ ...running('processing', NOON), deadlineAt: NOON + MINUTE });
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

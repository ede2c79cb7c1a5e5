import { describe, expect, it } from 'vitest';
import type { Job } from '../../src/domain/job/job.ts';
import { requestFingerprint } from '../../src/domain/request/video-request.ts';
import { LRUCache } from 'lru-cache';
import type {
  HistoryEntry,
  HistoryOutcome,
  LookUpOutcome,
  SubmitOutcome,
} from '../../src/providers/video-upstream.ts';
import { leaseAll } from '../contract/job-store-cases/opened-store.ts';
import { transientError } from '../support/upstream/fake-video-upstream.ts';
import { MINUTE, NOON, SECOND } from '../support/times.ts';
import { StepBench } from './step-bench.ts';

const LOST: SubmitOutcome = {
  type: 'unknown',
  message: 'The answer to the submission was lost (socket closed).',
  apiAnswered: false,
  candidateId: null,
};

function entry(change: Partial<HistoryEntry> = {}): HistoryEntry {
  return {
    upstreamId: 'up-lost',
    createdAt: NOON + SECOND,
    state: 'pending',
    video: null,
    message: null,
    costUsd: null,
    ...change,
  };
}

/** A history that lists these requests from a time on. */
function history(bench: StepBench, entries: readonly HistoryEntry[], shownAt = NOON) {
  return {
    history: (): HistoryOutcome => ({
      type: 'page',
      entries: bench.clock.now() >= shownAt ? entries : [],
      oldestAt: NOON,
      more: false,
    }),
    lookUp: (id: string): LookUpOutcome => {
      const match = entries.find(({ upstreamId }) => upstreamId === id);
      return match === undefined ? { type: 'not-found' } : { type: 'found', entry: match };
    },
  };
}

/** Scripts a submission without an answer, and a history. */
function lose(bench: StepBench, entries: readonly HistoryEntry[], shownAt = NOON): void {
  bench.upstream.script = { submit: () => LOST, ...history(bench, entries, shownAt) };
}

/** Runs steps until the job leaves `settling`, for at most half an hour. */
async function untilSettled(bench: StepBench, job: Job): Promise<Job> {
  for (let steps = 0; steps < 100; steps += 1) {
    const stored = await bench.stored(job);
    if (steps > 1 && stored.phase !== 'settling') return stored;
    await bench.clock.advance((await bench.dueInMs()) ?? 0);
    await bench.step();
  }
  throw new Error('The job is still settling.');
}

describe('a job whose submission had no answer', () => {
  it('is searched in the history after 5, 15, 30, 60, 120, 300 and 600 seconds, then fails, and is never sent again', async () => {
    await using bench = new StepBench();
    lose(bench, []);
    const job = await bench.add();
    await bench.step();
    expect(await bench.stored(job)).toMatchObject({ phase: 'settling', failure: null });
    const ended = await untilSettled(bench, job);
    const looks = bench.upstream.calls.filter(({ type }) => type === 'history');
    expect(looks.map(({ at }) => (at - NOON) / SECOND)).toEqual([5, 15, 30, 60, 120, 300, 600]);
    expect(ended.failure).toMatchObject({ code: 'SUBMISSION_UNKNOWN', charged: 'UNKNOWN' });
    expect(ended.failure?.message).toBe(
      'The answer to the submission was lost (socket closed). The request is not in the request history.',
    );
    expect(bench.upstream.types.filter((type) => type === 'submit')).toHaveLength(1);
  });

  it('adopts its request when it appears, with the time at which the upstream accepted it', async () => {
    await using bench = new StepBench();
    lose(bench, [entry()], NOON + 20 * SECOND);
    const job = await bench.add();
    const adopted = await untilSettled(bench, job);
    expect(adopted).toMatchObject({
      phase: 'queued',
      upstreamId: 'up-lost',
      submittedAt: NOON + SECOND,
      lostAnswer: null,
    });
    expect(bench.clock.now()).toBe(NOON + 30 * SECOND);
    expect(bench.upstream.types).toEqual(['submit', 'history', 'history', 'history', 'look-up']);
  });

  it('searches only around the time of the POST', async () => {
    await using bench = new StepBench();
    const queries: unknown[] = [];
    bench.upstream.script = {
      submit: () => LOST,
      history: ({ from, to, page }) => {
        queries.push({ from: from - NOON, to: to - NOON, page });
        return { type: 'page', entries: [], oldestAt: NOON, more: page < 3 };
      },
    };
    await bench.add();
    await bench.step();
    await bench.clock.advance(5 * SECOND);
    for (let page = 1; page <= 3; page += 1) await bench.step();
    const [from, to] = [-10 * SECOND, 10 * SECOND];
    expect(queries).toEqual([1, 2, 3].map((page) => ({ from, to, page })));
    expect(await bench.dueInMs()).toBe(10 * SECOND);
  });

  it('does not adopt a request of another job', async () => {
    await using bench = new StepBench();
    const mine = entry({ upstreamId: 'up-mine', createdAt: NOON + 2 * SECOND });
    lose(bench, [entry(), mine]);
    const job = await bench.add();
    await bench.submissions.end(requestFingerprint(job.request), 'vj_other', 'uplost');
    expect(await untilSettled(bench, job)).toMatchObject({ phase: 'queued', upstreamId: 'up-mine' });
  });

  it('does not adopt a request that the history lists and refuses by id, because it is a teammate’s', async () => {
    await using bench = new StepBench();
    const mine = entry({ upstreamId: 'up-mine', createdAt: NOON + 2 * SECOND });
    bench.upstream.script = {
      submit: () => LOST,
      ...history(bench, [entry(), mine]),
      lookUp: (id) => (id === 'up-mine' ? { type: 'found', entry: mine } : { type: 'not-found' }),
    };
    const job = await bench.add();
    expect(await untilSettled(bench, job)).toMatchObject({ phase: 'queued', upstreamId: 'up-mine' });
  });

  it('adopts one request, as equal jobs do, when the lookup by id does not find any of them at first', async () => {
    await using bench = new StepBench();
    const entries = [1, 2, 3].map((n) => entry({ upstreamId: `up-${n}`, createdAt: NOON + n }));
    const { lookUp, ...list } = history(bench, entries);
    bench.upstream.script = {
      submit: () => LOST,
      ...list,
      lookUp: (id) => (bench.clock.now() < NOON + 20 * SECOND ? { type: 'not-found' } : lookUp(id)),
    };
    const twins = [await bench.add(), await bench.add(), await bench.add()];
    while (bench.clock.now() < NOON + MINUTE) {
      await bench.clock.advance((await bench.dueInMs()) ?? 0);
      for (const leased of await leaseAll(bench.store, bench.clock.now())) await bench.process(leased);
    }
    const stored = await bench.store.getMany(twins.map(({ id }) => id));
    expect(new Set(stored.map((job) => job?.upstreamId))).toEqual(new Set(['up-1', 'up-2', 'up-3']));
  });

  it('is searched even when its deadline has passed while no poller ran', async () => {
    await using bench = new StepBench();
    lose(bench, [entry()]);
    const job = await bench.add({ deadlineAt: NOON + MINUTE });
    await bench.step();
    await bench.clock.advance(10 * MINUTE);
    for (let steps = 0; steps < 2; steps += 1) await bench.step();
    bench.upstream.script = { status: () => ({ type: 'completed', metrics: null }) };
    await bench.stepFor(MINUTE);
    expect(await bench.stored(job)).toMatchObject({ phase: 'completed', upstreamId: 'up-lost' });
  });

  it('adopts a request in a later search that the lookup by id did not find before', async () => {
    await using bench = new StepBench();
    const lookUp = history(bench, [entry()]).lookUp;
    bench.upstream.script = {
      submit: () => ({ ...LOST, apiAnswered: true, candidateId: 'up-lost' }),
      ...history(bench, [entry()]),
      lookUp: (id) => (bench.clock.now() < NOON + 20 * SECOND ? { type: 'not-found' } : lookUp(id)),
    };
    const job = await bench.add();
    expect(await untilSettled(bench, job)).toMatchObject({ phase: 'queued', upstreamId: 'up-lost' });
    expect(bench.clock.now()).toBe(NOON + 30 * SECOND);
  });

  it('waits while a job with equal inputs is being sent', async () => {
    await using bench = new StepBench();
    lose(bench, [entry()]);
    const job = await bench.add();
    const fingerprint = requestFingerprint(job.request);
    await bench.submissions.begin(fingerprint, 'vj_twin');
    await bench.step();
    await bench.clock.advance(5 * SECOND);
    await bench.step();
    await bench.step();
    expect(await bench.stored(job)).toMatchObject({ phase: 'settling' });
    expect(await bench.dueInMs()).toBe(3 * SECOND);
    await bench.submissions.end(fingerprint, 'vj_twin', 'uplost');
    bench.upstream.script = {
      ...bench.upstream.script,
      ...history(bench, [entry(), entry({ upstreamId: 'up-2' })]),
    };
    expect(await untilSettled(bench, job)).toMatchObject({ phase: 'queued', upstreamId: 'up-2' });
  });

  it('ends at once when the history cannot be read', async () => {
    await using bench = new StepBench();
    bench.upstream.script = {
      submit: () => LOST,
      history: () => ({ type: 'unusable', reason: 'The request history cannot be used: HTTP 500: broken' }),
    };
    const job = await bench.add();
    const ended = await untilSettled(bench, job);
    expect(bench.clock.now()).toBe(NOON + 5 * SECOND);
    expect(ended.failure?.message).toContain('The request history cannot be used: HTTP 500: broken.');
  });

  it('waits at most twelve minutes for a history that does not answer', async () => {
    await using bench = new StepBench();
    bench.upstream.script = {
      submit: () => LOST,
      history: () => ({ type: 'inconclusive', ...transientError() }),
    };
    const job = await bench.add();
    const ended = await untilSettled(bench, job);
    expect(ended.failure?.code).toBe('SUBMISSION_UNKNOWN');
    expect(bench.clock.now() - NOON).toBeGreaterThan(12 * MINUTE);
    expect(bench.clock.now() - NOON).toBeLessThan(14 * MINUTE);
  });

  it('ends by its deadline', async () => {
    await using bench = new StepBench();
    lose(bench, []);
    const job = await bench.add({ deadlineAt: NOON + MINUTE });
    const ended = await untilSettled(bench, job);
    expect(ended).toMatchObject({ finishedAt: NOON + MINUTE, failure: { code: 'SUBMISSION_UNKNOWN' } });
  });

  it('adopts the request whose id is in an error answer, after the history confirms it', async () => {
    await using bench = new StepBench();
    bench.upstream.script = {
      submit: () => ({ ...LOST, apiAnswered: true, candidateId: 'up-named' }),
      ...history(bench, [entry({ upstreamId: 'up-named' })]),
    };
    const job = await bench.add();
    await bench.step();
    await bench.step();
    expect(await bench.stored(job)).toMatchObject({ phase: 'queued', upstreamId: 'up-named' });
    expect(bench.upstream.types).toEqual(['submit', 'look-up']);
  });

  it('continues to search when the id in an error answer is not a request', async () => {
    await using bench = new StepBench();
    bench.upstream.script = {
      submit: () => ({ ...LOST, apiAnswered: true, candidateId: 'trace-1' }),
      ...history(bench, [entry()]),
    };
    const job = await bench.add();
    expect(await untilSettled(bench, job)).toMatchObject({ phase: 'queued', upstreamId: 'up-lost' });
    expect(bench.upstream.types).toEqual(['submit', 'look-up', 'history', 'look-up']);
  });

  it('fails at once without a history', async () => {
    await using bench = new StepBench({ submit: () => LOST });
    await bench.add();
    expect((await bench.step()).job.failure?.code).toBe('SUBMISSION_UNKNOWN');
  });
});

describe('a job whose poller stopped during the POST', () => {
  it('is searched in the history', async () => {
    await using bench = new StepBench();
    bench.upstream.script = history(bench, [entry()]);
    const job = await bench.add({ phase: 'submitting', version: 2, sentAt: NOON });
    expect(await untilSettled(bench, job)).toMatchObject({ phase: 'queued', upstreamId: 'up-lost' });
    expect(bench.upstream.types).toEqual(['history', 'look-up']);
  });

  it('is not sent again by the poller that sent it when the store has lost writes', async () => {
    await using bench = new StepBench();
    const job = await bench.add();
    bench.sent.set(job.id, { type: 'accepted', upstreamId: 'up-known' });
    await bench.step();
    expect(await bench.stored(job)).toMatchObject({ phase: 'queued', upstreamId: 'up-known' });
    expect(bench.upstream.calls).toEqual([]);
  });

  it('keeps its request when the answer arrives while another poller is already searching', async () => {
    await using bench = new StepBench();
    const answer = Promise.withResolvers<SubmitOutcome>();
    bench.upstream.script = { submit: () => answer.promise, ...history(bench, []) };
    const job = await bench.add();
    const frozen = bench.step();
    await bench.clock.advance(MINUTE);
    // Another poller, which has not sent the job.
    const leased = await bench.lease();
    bench.upstream.script = history(bench, []);
    await bench.process(leased, { sent: new LRUCache({ max: 10 }) });
    expect(await bench.stored(job)).toMatchObject({ phase: 'settling' });
    answer.resolve({ type: 'accepted', upstreamId: 'up-late' });
    await frozen;
    expect(await bench.stored(job)).toMatchObject({ phase: 'queued', upstreamId: 'up-late' });
  });
});

import { LRUCache } from 'lru-cache';
import { describe, expect, it } from 'vitest';
import type { Job } from '../../src/domain/job/job.ts';
import { requestFingerprint } from '../../src/domain/request/video-request.ts';
import type {
  HistoryEntry,
  HistoryOutcome,
  LookUpOutcome,
  SubmitOutcome,
} from '../../src/providers/video-upstream.ts';
import { leaseAll } from '../contract/job-store-cases/opened-store.ts';
import { MINUTE, NOON, SECOND } from '../support/times.ts';
import { transientError } from '../support/upstream/fake-video-upstream.ts';
import { StepHarness } from './step-harness.ts';

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
function history(harness: StepHarness, entries: readonly HistoryEntry[], shownAt = NOON) {
  return {
    history: (): HistoryOutcome => ({
      type: 'page',
      entries: harness.clock.now() >= shownAt ? entries : [],
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
function lose(harness: StepHarness, entries: readonly HistoryEntry[], shownAt = NOON): void {
  harness.upstream.script = { submit: () => LOST, ...history(harness, entries, shownAt) };
}

/** Runs steps until the job leaves `settling`, for at most half an hour. */
async function untilSettled(harness: StepHarness, job: Job): Promise<Job> {
  for (let steps = 0; steps < 100; steps += 1) {
    const stored = await harness.stored(job);
    if (steps > 1 && stored.phase !== 'settling') return stored;
    await harness.clock.advance((await harness.dueInMs()) ?? 0);
    await harness.step();
  }
  throw new Error('The job is still settling.');
}

describe('a job whose submission had no answer', () => {
  it('is searched in the history after 5, 15, 30, 60, 120, 300 and 600 seconds, then fails, and is never sent again', async () => {
    await using harness = new StepHarness();
    lose(harness, []);
    const job = await harness.add();
    await harness.step();
    expect(await harness.stored(job)).toMatchObject({ phase: 'settling', failure: null });
    const ended = await untilSettled(harness, job);
    const searches = harness.upstream.calls.filter(({ type }) => type === 'history');
    expect(searches.map(({ at }) => (at - NOON) / SECOND)).toEqual([5, 15, 30, 60, 120, 300, 600]);
    expect(ended.failure).toMatchObject({ code: 'SUBMISSION_UNKNOWN', charged: 'UNKNOWN' });
    expect(ended.failure?.message).toBe(
      'The answer to the submission was lost (socket closed). The request is not in the request history.',
    );
    expect(harness.upstream.types.filter((type) => type === 'submit')).toHaveLength(1);
  });

  it('adopts its request when it appears, with the time at which the upstream accepted it', async () => {
    await using harness = new StepHarness();
    lose(harness, [entry()], NOON + 20 * SECOND);
    const job = await harness.add();
    const adopted = await untilSettled(harness, job);
    expect(adopted).toMatchObject({
      phase: 'queued',
      upstreamId: 'up-lost',
      submittedAt: NOON + SECOND,
      lostAnswer: null,
    });
    expect(harness.clock.now()).toBe(NOON + 30 * SECOND);
    expect(harness.upstream.types).toEqual(['submit', 'history', 'history', 'history', 'look-up']);
  });

  it('searches only around the time of the POST', async () => {
    await using harness = new StepHarness();
    const queries: unknown[] = [];
    harness.upstream.script = {
      submit: () => LOST,
      history: ({ from, to, page }) => {
        queries.push({ from: from - NOON, to: to - NOON, page });
        return { type: 'page', entries: [], oldestAt: NOON, more: page < 3 };
      },
    };
    await harness.add();
    await harness.step();
    await harness.clock.advance(5 * SECOND);
    for (let page = 1; page <= 3; page += 1) await harness.step();
    const [from, to] = [-10 * SECOND, 10 * SECOND];
    expect(queries).toEqual([1, 2, 3].map((page) => ({ from, to, page })));
    expect(await harness.dueInMs()).toBe(10 * SECOND);
  });

  it('does not adopt a request of another job', async () => {
    await using harness = new StepHarness();
    const mine = entry({ upstreamId: 'up-mine', createdAt: NOON + 2 * SECOND });
    lose(harness, [entry(), mine]);
    const job = await harness.add();
    await harness.submissions.end(requestFingerprint(job.request), 'vj_other', 'uplost');
    expect(await untilSettled(harness, job)).toMatchObject({ phase: 'queued', upstreamId: 'up-mine' });
  });

  it('does not adopt a request that the history lists and refuses by id, because it is a teammate’s', async () => {
    await using harness = new StepHarness();
    const mine = entry({ upstreamId: 'up-mine', createdAt: NOON + 2 * SECOND });
    harness.upstream.script = {
      submit: () => LOST,
      ...history(harness, [entry(), mine]),
      lookUp: (id) => (id === 'up-mine' ? { type: 'found', entry: mine } : { type: 'not-found' }),
    };
    const job = await harness.add();
    expect(await untilSettled(harness, job)).toMatchObject({ phase: 'queued', upstreamId: 'up-mine' });
  });

  it('adopts one request, as equal jobs do, when the lookup by id does not find any of them at first', async () => {
    await using harness = new StepHarness();
    const entries = [1, 2, 3].map((n) => entry({ upstreamId: `up-${n}`, createdAt: NOON + n }));
    const { lookUp, ...list } = history(harness, entries);
    harness.upstream.script = {
      submit: () => LOST,
      ...list,
      lookUp: (id) => (harness.clock.now() < NOON + 20 * SECOND ? { type: 'not-found' } : lookUp(id)),
    };
    const twins = [await harness.add(), await harness.add(), await harness.add()];
    while (harness.clock.now() < NOON + MINUTE) {
      await harness.clock.advance((await harness.dueInMs()) ?? 0);
      for (const leased of await leaseAll(harness.store, harness.clock.now())) await harness.process(leased);
    }
    const stored = await harness.store.getMany(twins.map(({ id }) => id));
    expect(new Set(stored.map((job) => job?.upstreamId))).toEqual(new Set(['up-1', 'up-2', 'up-3']));
  });

  it('is searched even when its deadline has passed while no poller ran', async () => {
    await using harness = new StepHarness();
    lose(harness, [entry()]);
    const job = await harness.add({ deadlineAt: NOON + MINUTE });
    await harness.step();
    await harness.clock.advance(10 * MINUTE);
    for (let steps = 0; steps < 2; steps += 1) await harness.step();
    harness.upstream.script = { status: () => ({ type: 'completed', metrics: null }) };
    await harness.stepFor(MINUTE);
    expect(await harness.stored(job)).toMatchObject({ phase: 'completed', upstreamId: 'up-lost' });
  });

  it('adopts a request in a later search that the lookup by id did not find before', async () => {
    await using harness = new StepHarness();
    const lookUp = history(harness, [entry()]).lookUp;
    harness.upstream.script = {
      submit: () => ({ ...LOST, apiAnswered: true, candidateId: 'up-lost' }),
      ...history(harness, [entry()]),
      lookUp: (id) => (harness.clock.now() < NOON + 20 * SECOND ? { type: 'not-found' } : lookUp(id)),
    };
    const job = await harness.add();
    expect(await untilSettled(harness, job)).toMatchObject({ phase: 'queued', upstreamId: 'up-lost' });
    expect(harness.clock.now()).toBe(NOON + 30 * SECOND);
  });

  it('waits while a job with equal inputs is being sent', async () => {
    await using harness = new StepHarness();
    lose(harness, [entry()]);
    const job = await harness.add();
    const fingerprint = requestFingerprint(job.request);
    await harness.submissions.begin(fingerprint, 'vj_twin');
    await harness.step();
    await harness.clock.advance(5 * SECOND);
    await harness.step();
    await harness.step();
    expect(await harness.stored(job)).toMatchObject({ phase: 'settling' });
    expect(await harness.dueInMs()).toBe(3 * SECOND);
    await harness.submissions.end(fingerprint, 'vj_twin', 'uplost');
    harness.upstream.script = {
      ...harness.upstream.script,
      ...history(harness, [entry(), entry({ upstreamId: 'up-2' })]),
    };
    expect(await untilSettled(harness, job)).toMatchObject({ phase: 'queued', upstreamId: 'up-2' });
  });

  it('ends at once when the history cannot be read', async () => {
    await using harness = new StepHarness();
    harness.upstream.script = {
      submit: () => LOST,
      history: () => ({ type: 'unusable', reason: 'The request history cannot be used: HTTP 500: broken' }),
    };
    const job = await harness.add();
    const ended = await untilSettled(harness, job);
    expect(harness.clock.now()).toBe(NOON + 5 * SECOND);
    expect(ended.failure?.message).toContain('The request history cannot be used: HTTP 500: broken.');
  });

  it('waits at most twelve minutes for a history that does not answer', async () => {
    await using harness = new StepHarness();
    harness.upstream.script = {
      submit: () => LOST,
      history: () => ({ type: 'inconclusive', ...transientError() }),
    };
    const job = await harness.add();
    const ended = await untilSettled(harness, job);
    expect(ended.failure?.code).toBe('SUBMISSION_UNKNOWN');
    expect(harness.clock.now() - NOON).toBeGreaterThan(12 * MINUTE);
    expect(harness.clock.now() - NOON).toBeLessThan(14 * MINUTE);
  });

  it('ends by its deadline', async () => {
    await using harness = new StepHarness();
    lose(harness, []);
    const job = await harness.add({ deadlineAt: NOON + MINUTE });
    const ended = await untilSettled(harness, job);
    expect(ended).toMatchObject({ finishedAt: NOON + MINUTE, failure: { code: 'SUBMISSION_UNKNOWN' } });
  });

  it('adopts the request whose id is in an error answer, after the history confirms it', async () => {
    await using harness = new StepHarness();
    harness.upstream.script = {
      submit: () => ({ ...LOST, apiAnswered: true, candidateId: 'up-named' }),
      ...history(harness, [entry({ upstreamId: 'up-named' })]),
    };
    const job = await harness.add();
    await harness.step();
    await harness.step();
    expect(await harness.stored(job)).toMatchObject({ phase: 'queued', upstreamId: 'up-named' });
    expect(harness.upstream.types).toEqual(['submit', 'look-up']);
  });

  it('continues to search when the id in an error answer is not a request', async () => {
    await using harness = new StepHarness();
    harness.upstream.script = {
      submit: () => ({ ...LOST, apiAnswered: true, candidateId: 'trace-1' }),
      ...history(harness, [entry()]),
    };
    const job = await harness.add();
    expect(await untilSettled(harness, job)).toMatchObject({ phase: 'queued', upstreamId: 'up-lost' });
    expect(harness.upstream.types).toEqual(['submit', 'look-up', 'history', 'look-up']);
  });

  it('fails at once without a history', async () => {
    await using harness = new StepHarness({ submit: () => LOST });
    await harness.add();
    expect((await harness.step()).job.failure?.code).toBe('SUBMISSION_UNKNOWN');
  });
});

describe('a job whose poller stopped during the POST', () => {
  it('is searched in the history', async () => {
    await using harness = new StepHarness();
    harness.upstream.script = history(harness, [entry()]);
    const job = await harness.add({ phase: 'submitting', version: 2, sentAt: NOON });
    expect(await untilSettled(harness, job)).toMatchObject({ phase: 'queued', upstreamId: 'up-lost' });
    expect(harness.upstream.types).toEqual(['history', 'look-up']);
  });

  it('is not sent again by the poller that sent it when the store has lost writes', async () => {
    await using harness = new StepHarness();
    const job = await harness.add();
    harness.sent.set(job.id, { type: 'accepted', upstreamId: 'up-known' });
    await harness.step();
    expect(await harness.stored(job)).toMatchObject({ phase: 'queued', upstreamId: 'up-known' });
    expect(harness.upstream.calls).toEqual([]);
  });

  it('keeps its request when the answer arrives while another poller is already searching', async () => {
    await using harness = new StepHarness();
    const answer = Promise.withResolvers<SubmitOutcome>();
    harness.upstream.script = { submit: () => answer.promise, ...history(harness, []) };
    const job = await harness.add();
    const frozen = harness.step();
    await harness.clock.advance(MINUTE);
    // Another poller, which has not sent the job.
    const leased = await harness.lease();
    harness.upstream.script = history(harness, []);
    await harness.process(leased, { sent: new LRUCache({ max: 10 }) });
    expect(await harness.stored(job)).toMatchObject({ phase: 'settling' });
    answer.resolve({ type: 'accepted', upstreamId: 'up-late' });
    await frozen;
    expect(await harness.stored(job)).toMatchObject({ phase: 'queued', upstreamId: 'up-late' });
  });
});

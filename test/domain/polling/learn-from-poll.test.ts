import { describe, expect, it } from 'vitest';
import type { Job, JobMetrics } from '../../../src/domain/job/job.ts';
import { expectDurations } from '../../../src/domain/polling/duration-model.ts';
import { learnFromDone, learnFromRunning } from '../../../src/domain/polling/learn-from-poll.ts';
import { acceptedJob } from '../../support/jobs.ts';
import { NOON, SECOND } from '../../support/times.ts';

const EXPECTED = expectDurations(new Map(), acceptedJob().request, 50 * SECOND);
const QUEUED: Partial<Job> = { phase: 'queued', upstreamId: 'up', submittedAt: NOON };
const RUNNING: Partial<Job> = {
  ...QUEUED,
  phase: 'processing',
  startedAt: NOON + 3 * SECOND,
  updatedAt: NOON + 5 * SECOND,
};

const metricsOf = (queueSeconds: number | null, inferenceSeconds: number | null): JobMetrics => ({
  queueSeconds,
  inferenceSeconds,
  costUsd: null,
});

/** A poll 60 s after the submission. The previous poll was `lastSeconds` after the submission; null: there was none. */
function poll(job: Partial<Job>, lastSeconds: number | null) {
  const lastPolledAt = lastSeconds === null ? null : NOON + lastSeconds * SECOND;
  const polled = acceptedJob(job);
  if (polled.phase !== 'queued' && polled.phase !== 'processing')
    throw new Error(`A job in phase ${polled.phase} is not polled.`);
  return { job: polled, lastPolledAt, at: NOON + 60 * SECOND, expected: EXPECTED };
}

/** In seconds after the submission. */
const startOf = ({ startedAt }: { startedAt: number }) => (startedAt - NOON) / SECOND;

const learnedSeconds = (learned: ReturnType<typeof learnFromDone>['learned'], group: string) =>
  learned.filter((sample) => sample.group === group).map(({ moments }) => Math.exp(moments.mean) / SECOND);

/** The learned run in seconds of a job with an upstream run time of 46.2 s. */
const runLearned = (queueSeconds: number | null) =>
  learnedSeconds(learnFromDone(poll(RUNNING, 50), metricsOf(queueSeconds, 46.2)).learned, 'run')[0];

describe('the beginning of a finished job', () => {
  it('is the estimate of the poll that showed it as running', () => {
    expect(startOf(learnFromDone(poll(RUNNING, 50), metricsOf(4, 55)))).toBe(3);
  });

  it('follows from the upstream’s queue time', () => {
    const { learned, ...seen } = learnFromDone(poll(QUEUED, 8), metricsOf(9.25, null));
    expect(startOf(seen)).toBe(9.25);
    expect(learnedSeconds(learned, 'queue')).toEqual([expect.closeTo(9.25, 6)]);
  });

  it.each([
    { what: 'less than polls showed', queueSeconds: 7 },
    { what: 'more than polls showed', queueSeconds: 61 },
    { what: 'nothing', queueSeconds: 0 },
    { what: 'a negative time', queueSeconds: -1 },
  ])('is the expected one when the upstream’s queue time is $what', ({ queueSeconds }) => {
    const expected = learnFromDone(poll(QUEUED, 8), null);
    expect(learnFromDone(poll(QUEUED, 8), metricsOf(queueSeconds, null))).toEqual(expected);
    expect(startOf(expected)).toBeGreaterThan(8);
    expect(startOf(expected)).toBeLessThan(60);
  });

  it('leaves room for the upstream’s run time', () => {
    const seen = learnFromDone(poll(QUEUED, 8), metricsOf(null, 51));
    expect(startOf(seen)).toBeGreaterThan(8);
    expect(startOf(seen)).toBeLessThanOrEqual(9);
    expect(learnedSeconds(seen.learned, 'run')).toEqual([expect.closeTo(51, 6)]);
  });

  it('ignores a run time that is longer than the polls allow', () => {
    expect(startOf(learnFromDone(poll(QUEUED, 8), metricsOf(null, 53)))).toBe(
      startOf(learnFromDone(poll(QUEUED, 8), null)),
    );
  });

  it('is between the submission and the poll even for a job that was not polled before', () => {
    for (const metrics of [null, metricsOf(null, null), metricsOf(3, 40), metricsOf(null, 59)]) {
      const start = startOf(learnFromDone(poll(QUEUED, null), metrics));
      expect(start).toBeGreaterThanOrEqual(0);
      expect(start).toBeLessThanOrEqual(60);
    }
  });
});

describe('the wait of a job', () => {
  it('is learned from the poll that shows the job as running, and again from the upstream’s queue time', () => {
    expect(learnedSeconds(learnFromRunning(poll(QUEUED, 8)).learned, 'queue')).toHaveLength(1);
    expect(learnedSeconds(learnFromDone(poll(RUNNING, 50), null).learned, 'queue')).toEqual([]);
    const { learned } = learnFromDone(poll(RUNNING, 50), metricsOf(2.5, null));
    expect(learnedSeconds(learned, 'queue')).toEqual([expect.closeTo(2.5, 6)]);
  });

  it('ignores an upstream queue time that ends after the poll that showed the job as running', () => {
    expect(learnedSeconds(learnFromDone(poll(RUNNING, 50), metricsOf(5.5, null)).learned, 'queue')).toEqual(
      [],
    );
  });

  it('determines the exact run', () => {
    // It ended between 50 and 60 s; it ran for 47 s at least from the estimated beginning, and 46 s from the true one.
    expect(runLearned(4)).toBeCloseTo(46.2, 6);
    expect(runLearned(null)).toBeGreaterThan(47);
  });
});

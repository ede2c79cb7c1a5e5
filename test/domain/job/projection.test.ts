import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lognormal, seeded } from '../../../bench/polling/chance.ts';
import { isFinal, JOB_PHASES, readStoredJob } from '../../../src/domain/job/job.ts';
import {
  estimatedCompletionAt,
  estimatedSubmissionAt,
  jobProgress,
  type JobStatus,
  jobStatus,
  phasesOf,
} from '../../../src/domain/job/projection.ts';
import { transition } from '../../../src/domain/job/transition.ts';
import { DurationDistribution } from '../../../src/domain/polling/duration-distribution.ts';
import { anyHistory, EXPECTED, jobIn, livelyHistory, OBSERVATIONS, play, T0 } from './job-samples.ts';

const anyJob = fc
  .oneof(anyHistory, livelyHistory)
  .map((history) => play(history).at(-1) ?? jobIn('accepted'));
const time = fc.integer({ min: T0 - 1_000_000, max: T0 + 20_000_000 });
/** When the upstream accepts the job of `jobIn`. */
const SUBMITTED = T0 + 2000;

describe('jobStatus', () => {
  it.each([
    ['accepted', 'QUEUED'],
    ['submitting', 'QUEUED'],
    ['settling', 'QUEUED'],
    ['queued', 'QUEUED'],
    ['processing', 'PROCESSING'],
    ['collecting', 'PROCESSING'],
    ['completed', 'COMPLETED'],
    ['failed', 'FAILED'],
  ] as const)('shows %s as %s', (phase, status) => {
    expect(jobStatus(jobIn(phase))).toBe(status);
  });

  it('is the inverse of phasesOf', () => {
    const statuses: JobStatus[] = ['QUEUED', 'PROCESSING', 'COMPLETED', 'FAILED'];
    expect(statuses.map((status) => phasesOf([status]))).toEqual([
      ['accepted', 'submitting', 'settling', 'queued'],
      ['processing', 'collecting'],
      ['completed'],
      ['failed'],
    ]);
    expect(phasesOf([])).toEqual([]);
    expect(phasesOf(statuses)).toEqual(JOB_PHASES);
  });
});

describe('jobProgress', () => {
  it('is from 0 to 1, and 1 exactly when completed', () => {
    fc.assert(
      fc.property(anyJob, time, (job, now) => {
        const progress = jobProgress(job, now);
        expect(progress).toBeGreaterThanOrEqual(0);
        expect(progress).toBeLessThanOrEqual(1);
        expect(progress === 1).toBe(job.phase === 'completed');
      }),
      { numRuns: 500 },
    );
  });

  it('never falls while time passes', () => {
    fc.assert(
      fc.property(anyJob, time, fc.nat({ max: 20_000_000 }), (job, now, later) => {
        expect(jobProgress(job, now + later)).toBeGreaterThanOrEqual(jobProgress(job, now));
      }),
      { numRuns: 500 },
    );
  });

  it('never falls from one version to the next, even when the model has learned in between', () => {
    fc.assert(
      fc.property(fc.oneof(anyHistory, livelyHistory), (history) => {
        const progress = play(history).map((job) => jobProgress(job, job.updatedAt));
        expect(progress).toEqual(progress.toSorted((a, b) => a - b));
      }),
      { numRuns: 500 },
    );
  });

  it('reaches 0.9 at the expected end, then approaches 1 without reaching it', () => {
    const job = jobIn('queued');
    const runAt = estimatedCompletionAt(job, SUBMITTED) ?? 0;
    const after = (share: number) => jobProgress(job, SUBMITTED + share * (runAt - SUBMITTED));
    expect(after(0)).toBe(0);
    expect(after(0.5)).toBeCloseTo(0.45, 3);
    expect(after(1)).toBeCloseTo(0.9, 3);
    expect(after(2)).toBeCloseTo(0.95, 3);
    expect(after(10)).toBeCloseTo(0.99, 3);
    expect(after(100)).toBeCloseTo(0.999, 4);
    expect(after(1e6)).toBeLessThan(1);
  });

  it('continues from the earlier progress when a poll shows the job as running', () => {
    const queued = jobIn('queued');
    const at = SUBMITTED + 20_000;
    const running = transition(queued, OBSERVATIONS['upstream-processing'], at);
    expect(jobProgress(running, at)).toBe(jobProgress(queued, at));
    expect(jobProgress(running, at + 1000)).toBeGreaterThan(jobProgress(queued, at));
  });

  it('is 0 until the upstream has accepted the job', () => {
    expect(jobProgress(jobIn('accepted'), T0 + 1e9)).toBe(0);
    expect(jobProgress(jobIn('submitting'), T0 + 1e9)).toBe(0);
  });

  it('is 0 for a stored job without a forecast', () => {
    const { forecast, ...older } = jobIn('processing');
    expect(forecast).not.toBeNull();
    const job = readStoredJob(older);
    expect(jobProgress(job, T0 + 1e9)).toBe(0);
    expect(estimatedCompletionAt(job, T0 + 1e9)).toBeNull();
  });

  it('keeps its last value for a failed job', () => {
    const failed = transition(jobIn('processing'), OBSERVATIONS['upstream-failed'], SUBMITTED + 25_000);
    expect(jobProgress(failed, SUBMITTED + 1e9)).toBe(jobProgress(failed, SUBMITTED + 25_000));
    expect(jobProgress(failed, SUBMITTED + 1e9)).toBeLessThan(0.6);
  });
});

describe('estimatedSubmissionAt', () => {
  it('is null exactly for jobs that do not wait for the rate limit, and never in the past', () => {
    fc.assert(
      fc.property(anyJob, time, (job, now) => {
        const at = estimatedSubmissionAt(job, now);
        expect(at === null).toBe(job.phase !== 'accepted' || job.waitingFor !== 'RATE_LIMIT');
        expect(at ?? now).toBeGreaterThanOrEqual(now);
      }),
      { numRuns: 500 },
    );
  });

  it('is when the forecast begins', () => {
    const waiting = transition(jobIn('accepted'), OBSERVATIONS['submission-waits'], T0);
    expect(estimatedSubmissionAt(waiting, T0)).toBe(T0 + 60_000);
    expect(estimatedSubmissionAt(waiting, T0 + 70_000)).toBe(T0 + 70_000);
  });
});

describe('estimatedCompletionAt', () => {
  it('is null exactly for final jobs, and for jobs that are not accepted upstream unless they wait for the rate limit', () => {
    fc.assert(
      fc.property(anyJob, time, (job, now) => {
        const none = isFinal(job) || (job.submittedAt === null && job.waitingFor !== 'RATE_LIMIT');
        expect(estimatedCompletionAt(job, now) === null).toBe(none);
      }),
      { numRuns: 500 },
    );
  });

  it('is a whole millisecond after now for any clock', () => {
    fc.assert(
      fc.property(time, (now) => {
        const at = estimatedCompletionAt(jobIn('processing'), now) ?? 0;
        expect(at).toBeGreaterThan(now);
        expect(Number.isInteger(at)).toBe(true);
      }),
    );
  });

  it('moves smoothly: by less than 2 ms in a millisecond, and never back', () => {
    for (const phase of ['queued', 'processing'] as const) {
      const job = jobIn(phase);
      const at = (ms: number): number => estimatedCompletionAt(job, ms) ?? 0;
      for (let now = SUBMITTED; now < SUBMITTED + 600_000; now += 100) {
        const moved = at(now + 100) - at(now);
        expect(moved).toBeGreaterThanOrEqual(0);
        expect(moved).toBeLessThanOrEqual(2 * 100);
      }
    }
  });

  it('is a second ahead when the upstream is done', () => {
    expect(estimatedCompletionAt(jobIn('collecting'), T0 + 9000)).toBe(T0 + 10_000);
  });

  it('is the expected end at first, and further ahead the longer the job is overdue', () => {
    const job = jobIn('processing');
    const ahead = (ms: number) => (estimatedCompletionAt(job, SUBMITTED + ms) ?? 0) - SUBMITTED - ms;
    expect(ahead(1000)).toBeGreaterThan(46_000);
    expect(ahead(1000)).toBeLessThan(49_000);
    expect(ahead(48_000)).toBeGreaterThan(1000);
    expect(ahead(100_000)).toBeGreaterThan(9000);
    expect(ahead(300_000)).toBeGreaterThan(ahead(100_000));
  });

  it.each([
    { sigma: 0.1, worst: 0.08 },
    { sigma: 0.35, worst: 0.28 },
  ])(
    'has a median error of $worst of a typical job at a spread of $sigma, equally to both sides',
    ({ sigma, worst }) => {
      const random = seeded(21);
      const expected = { ...EXPECTED, run: new DurationDistribution({ mu: Math.log(48_000), sigma }) };
      const accepted = { ...OBSERVATIONS['submit-accepted'], expected };
      const job = transition(jobIn('submitting'), accepted, SUBMITTED);
      for (const elapsed of [0, 20_000, 45_000]) {
        const errors = Array.from({ length: 4000 }, () => {
          const queue = lognormal(random, EXPECTED.queue.main.mu, EXPECTED.queue.main.sigma);
          return SUBMITTED + queue + lognormal(random, Math.log(48_000), sigma);
        })
          .filter((end) => end > SUBMITTED + elapsed)
          .map((end) => (estimatedCompletionAt(job, SUBMITTED + elapsed) ?? 0) - end);
        const late = errors.filter((error) => error > 0).length / errors.length;
        expect(late).toBeGreaterThan(0.45);
        expect(late).toBeLessThan(0.55);
        const median = errors.map(Math.abs).toSorted((a, b) => a - b)[Math.floor(errors.length / 2)] ?? 0;
        expect(median / 50_000).toBeLessThan(worst);
      }
    },
  );
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFinal, JOB_PHASES } from '../../src/domain/job.ts';
import {
  estimatedCompletionAt,
  jobProgress,
  type JobStatus,
  jobStatus,
  phasesOf,
} from '../../src/domain/projection.ts';
import { transition } from '../../src/domain/transition.ts';
import { anyHistory, jobIn, livelyHistory, OBSERVATIONS, play, T0 } from './job-samples.ts';

const anyJob = fc
  .oneof(anyHistory, livelyHistory)
  .map((history) => play(history).at(-1) ?? jobIn('accepted'));
const time = fc.integer({ min: T0 - 1_000_000, max: T0 + 20_000_000 });
const typical = fc.integer({ min: 1000, max: 600_000 });
const TYPICAL = 50_000;
/** When `jobIn` is taken by the upstream. */
const SUBMITTED = T0 + 2000;

describe('jobStatus', () => {
  it.each([
    ['accepted', 'QUEUED'],
    ['submitting', 'QUEUED'],
    ['queued', 'QUEUED'],
    ['processing', 'PROCESSING'],
    ['collecting', 'PROCESSING'],
    ['completed', 'COMPLETED'],
    ['failed', 'FAILED'],
  ] as const)('shows %s as %s', (phase, status) => {
    expect(jobStatus(jobIn(phase))).toBe(status);
  });

  it('is undone by phasesOf', () => {
    const statuses: JobStatus[] = ['QUEUED', 'PROCESSING', 'COMPLETED', 'FAILED'];
    expect(statuses.map((status) => phasesOf([status]))).toEqual([
      ['accepted', 'submitting', 'queued'],
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
      fc.property(anyJob, time, typical, (job, now, typicalMs) => {
        const progress = jobProgress(job, now, typicalMs);
        expect(progress).toBeGreaterThanOrEqual(0);
        expect(progress).toBeLessThanOrEqual(1);
        expect(progress === 1).toBe(job.phase === 'completed');
      }),
      { numRuns: 500 },
    );
  });

  it('never goes back as time goes on', () => {
    fc.assert(
      fc.property(anyJob, time, fc.nat({ max: 20_000_000 }), typical, (job, now, later, typicalMs) => {
        expect(jobProgress(job, now + later, typicalMs)).toBeGreaterThanOrEqual(
          jobProgress(job, now, typicalMs),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('never goes back from one version to the next', () => {
    fc.assert(
      fc.property(fc.oneof(anyHistory, livelyHistory), typical, (history, typicalMs) => {
        const progress = play(history).map((job) => jobProgress(job, job.updatedAt, typicalMs));
        expect(progress).toEqual(progress.toSorted((a, b) => a - b));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    [0, 0],
    [25_000, 0.45],
    [50_000, 0.9],
    [100_000, 1 - 0.1 * Math.exp(-1)],
    [1e9, 0.9999],
  ])('shows %i ms of 50 s typical as %d', (elapsed, progress) => {
    expect(jobProgress(jobIn('processing'), SUBMITTED + elapsed, TYPICAL)).toBeCloseTo(progress, 9);
  });

  it('is 0 until the upstream took the job', () => {
    expect(jobProgress(jobIn('accepted'), T0 + 1e9, TYPICAL)).toBe(0);
    expect(jobProgress(jobIn('submitting'), T0 + 1e9, TYPICAL)).toBe(0);
  });

  it('stays for a failed job where it was', () => {
    const failed = transition(jobIn('processing'), OBSERVATIONS['upstream-failed'], SUBMITTED + 25_000);
    expect(jobProgress(failed, SUBMITTED + 1e9, TYPICAL)).toBeCloseTo(0.45, 9);
  });
});

describe('estimatedCompletionAt', () => {
  it('is null exactly for jobs that are final or not yet taken', () => {
    fc.assert(
      fc.property(anyJob, time, typical, (job, now, typicalMs) => {
        const none = isFinal(job) || job.submittedAt === null;
        expect(estimatedCompletionAt(job, now, typicalMs) === null).toBe(none);
      }),
      { numRuns: 500 },
    );
  });

  it('is a whole millisecond after now, whatever the clock says', () => {
    fc.assert(
      fc.property(time, typical, (now, typicalMs) => {
        const at = estimatedCompletionAt(jobIn('processing'), now, typicalMs) ?? 0;
        expect(at).toBeGreaterThan(now);
        expect(Number.isInteger(at)).toBe(true);
      }),
    );
  });

  it('moves by no more than 2 ms in a millisecond, and never back', () => {
    fc.assert(
      fc.property(time, typical, (now, typicalMs) => {
        const at = (ms: number): number => estimatedCompletionAt(jobIn('queued'), ms, typicalMs) ?? 0;
        const step = at(now + 1) - at(now);
        expect(step).toBeGreaterThanOrEqual(0);
        expect(step).toBeLessThanOrEqual(2);
      }),
    );
  });

  it('is the typical time after submission, and a tenth of the age ahead once overdue', () => {
    const job = jobIn('queued');
    expect(estimatedCompletionAt(job, SUBMITTED, TYPICAL)).toBe(SUBMITTED + 50_000);
    expect(estimatedCompletionAt(job, SUBMITTED + 45_000, TYPICAL)).toBe(SUBMITTED + 50_000);
    expect(estimatedCompletionAt(job, SUBMITTED + 100_000, TYPICAL)).toBe(SUBMITTED + 110_000);
  });
});

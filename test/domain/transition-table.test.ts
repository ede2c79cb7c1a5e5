import { describe, expect, it } from 'vitest';
import type { ChargeState, FailureCode } from '../../src/domain/failure.ts';
import { JOB_PHASES, type JobPhase } from '../../src/domain/job.ts';
import { transition } from '../../src/domain/transition.ts';
import {
  EXPECTED,
  jobIn,
  METRICS,
  OBSERVATIONS,
  type ObservationType,
  REQUEST,
  T0,
  VIDEO,
} from './job-samples.ts';

/** A phase, a failure as code and charge, or nothing at all. */
type Expected = JobPhase | `${FailureCode} ${ChargeState}` | '-';

const TABLE: Readonly<Record<ObservationType, Readonly<Record<JobPhase, Expected>>>> = {
  'submit-started': {
    accepted: 'submitting',
    submitting: '-',
    queued: '-',
    processing: '-',
    collecting: '-',
    completed: '-',
    failed: '-',
  },
  'submit-not-made': {
    accepted: '-',
    submitting: 'accepted',
    queued: '-',
    processing: '-',
    collecting: '-',
    completed: '-',
    failed: '-',
  },
  'submit-refused': {
    accepted: '-',
    submitting: 'REJECTED NO',
    queued: '-',
    processing: '-',
    collecting: '-',
    completed: '-',
    failed: '-',
  },
  'submit-unknown': {
    accepted: '-',
    submitting: 'SUBMISSION_UNKNOWN UNKNOWN',
    queued: '-',
    processing: '-',
    collecting: '-',
    completed: '-',
    failed: '-',
  },
  'submit-accepted': {
    accepted: '-',
    submitting: 'queued',
    queued: '-',
    processing: '-',
    collecting: '-',
    completed: '-',
    failed: '-',
  },
  'upstream-processing': {
    accepted: '-',
    submitting: '-',
    queued: 'processing',
    processing: '-',
    collecting: '-',
    completed: '-',
    failed: '-',
  },
  'upstream-completed': {
    accepted: '-',
    submitting: '-',
    queued: 'collecting',
    processing: 'collecting',
    collecting: '-',
    completed: '-',
    failed: '-',
  },
  'upstream-failed': {
    accepted: '-',
    submitting: '-',
    queued: 'GENERATION_FAILED UNKNOWN',
    processing: 'GENERATION_FAILED UNKNOWN',
    // Its COMPLETED had told a cost.
    collecting: 'GENERATION_FAILED YES',
    completed: '-',
    failed: '-',
  },
  'upstream-forgot': {
    accepted: '-',
    submitting: '-',
    queued: 'RESULT_EXPIRED UNKNOWN',
    processing: 'RESULT_EXPIRED UNKNOWN',
    collecting: 'RESULT_EXPIRED YES',
    completed: '-',
    failed: '-',
  },
  'video-collected': {
    accepted: '-',
    submitting: '-',
    queued: '-',
    processing: '-',
    collecting: 'completed',
    completed: '-',
    failed: '-',
  },
  'deadline-passed': {
    accepted: 'UPSTREAM_UNAVAILABLE NO',
    submitting: 'SUBMISSION_UNKNOWN UNKNOWN',
    queued: 'TIMED_OUT UNKNOWN',
    processing: 'TIMED_OUT UNKNOWN',
    collecting: 'TIMED_OUT YES',
    completed: '-',
    failed: '-',
  },
};

const CASES = Object.values(OBSERVATIONS).flatMap((observation) =>
  JOB_PHASES.map((phase) => ({ observation, phase, expected: TABLE[observation.type][phase] })),
);

describe('transition, each phase by each observation', () => {
  it.each(CASES)('$phase + $observation.type → $expected', ({ observation, phase, expected }) => {
    const before = jobIn(phase);
    const after = transition(before, observation, before.updatedAt + 1);
    const ends = expected.includes(' ');
    const told = after.failure === null ? after.phase : `${after.failure.code} ${after.failure.charged}`;
    expect(after === before).toBe(expected === '-');
    expect(expected === '-' ? '-' : told).toBe(expected);
    expect(expected !== '-' && after.phase === 'failed').toBe(ends);
  });
});

describe('transition, what a version holds', () => {
  it('starts as version 1, accepted, with nothing of the upstream', () => {
    expect(jobIn('accepted')).toEqual({
      id: 'vj_1',
      ownerId: 'owner-1',
      version: 1,
      phase: 'accepted',
      request: REQUEST,
      createdAt: T0,
      updatedAt: T0,
      deadlineAt: T0 + 3_300_000,
      upstreamId: null,
      submittedAt: null,
      startedAt: null,
      finishedAt: null,
      forecast: null,
      metrics: null,
      video: null,
      failure: null,
    });
  });

  it('keeps each time of the way, the video and the metrics', () => {
    expect(jobIn('completed')).toEqual({
      ...jobIn('accepted'),
      version: 6,
      phase: 'completed',
      updatedAt: T0 + 5000,
      upstreamId: 'u-1',
      submittedAt: T0 + 2000,
      startedAt: T0 + 2500,
      forecast: { madeAt: T0 + 3000, progress: expect.any(Number), from: T0 + 2500, ...EXPECTED.run.main },
      finishedAt: T0 + 5000,
      metrics: METRICS,
      video: VIDEO,
    });
  });

  it('leaves startedAt null when the job was never seen working', () => {
    const collecting = transition(jobIn('queued'), OBSERVATIONS['upstream-completed'], T0 + 9000);
    expect(collecting).toMatchObject({ phase: 'collecting', startedAt: null });
  });

  it('takes newer metrics over older ones, figure by figure', () => {
    const metrics = { queueSeconds: null, inferenceSeconds: 20, costUsd: null };
    const done = transition(
      jobIn('collecting'),
      { type: 'video-collected', video: VIDEO, metrics },
      T0 + 9000,
    );
    expect(done.metrics).toEqual({ queueSeconds: 1, inferenceSeconds: 20, costUsd: 0.53 });
  });

  it.each([
    [0.53, 'YES'],
    [0, 'NO'],
    [null, 'UNKNOWN'],
  ] as const)('tells from a cost of %s that a FAILED job is charged: %s', (costUsd, charged) => {
    const metrics = { queueSeconds: null, inferenceSeconds: null, costUsd };
    const failed = transition(
      jobIn('processing'),
      { type: 'upstream-failed', message: 'x', metrics },
      T0 + 9000,
    );
    expect(failed).toMatchObject({ failure: { charged, message: 'x' }, metrics: { costUsd } });
  });

  it.each([
    ['REJECTED', false],
    ['INSUFFICIENT_CREDITS', false],
    ['UPSTREAM_UNAUTHORIZED', false],
    ['MODEL_UNAVAILABLE', false],
    ['GENERATION_FAILED', false],
    ['UPSTREAM_UNAVAILABLE', true],
    ['SUBMISSION_UNKNOWN', true],
    ['RESULT_EXPIRED', true],
    ['TIMED_OUT', true],
  ] as const)('calls %s retryable: %s', (code, retryable) => {
    const failed = transition(
      jobIn('submitting'),
      { type: 'submit-refused', code, message: 'as told' },
      T0 + 9000,
    );
    expect(failed.failure).toEqual({ code, message: 'as told', retryable, charged: 'NO' });
  });
});

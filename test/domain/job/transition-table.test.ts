import { describe, expect, it } from 'vitest';
import type { ChargeState, FailureCode } from '../../../src/domain/job/failure.ts';
import { JOB_PHASES, type JobPhase } from '../../../src/domain/job/job.ts';
import { transition } from '../../../src/domain/job/transition.ts';
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

/** A phase, or a failure as code and charge. */
type Expected = JobPhase | `${FailureCode} ${ChargeState}`;

/** The next state of each phase. An observation does not change a phase that is not listed. */
const TABLE: Readonly<Record<ObservationType, Readonly<Partial<Record<JobPhase, Expected>>>>> = {
  'submission-waits': {
    accepted: 'accepted',
  },
  canceled: {
    accepted: 'CANCELED NO',
  },
  'start-deadline-passed': {
    accepted: 'START_DEADLINE_PASSED NO',
  },
  'submit-started': {
    accepted: 'submitting',
  },
  'submit-not-created': {
    submitting: 'accepted',
    settling: 'accepted',
  },
  'submit-refused': {
    submitting: 'REJECTED NO',
    settling: 'REJECTED NO',
  },
  'submit-lost': {
    submitting: 'settling',
  },
  'submit-unknown': {
    submitting: 'SUBMISSION_UNKNOWN UNKNOWN',
    settling: 'SUBMISSION_UNKNOWN UNKNOWN',
  },
  'submit-accepted': {
    submitting: 'queued',
    settling: 'queued',
  },
  'upstream-processing': {
    queued: 'processing',
  },
  'upstream-completed': {
    queued: 'collecting',
    processing: 'collecting',
  },
  'upstream-failed': {
    queued: 'GENERATION_FAILED NO',
    processing: 'GENERATION_FAILED NO',
    // Its COMPLETED answer had a cost.
    collecting: 'GENERATION_FAILED YES',
  },
  'upstream-has-no-video': {
    queued: 'GENERATION_FAILED YES',
    processing: 'GENERATION_FAILED YES',
    collecting: 'GENERATION_FAILED YES',
  },
  'upstream-not-found': {
    queued: 'RESULT_EXPIRED UNKNOWN',
    processing: 'RESULT_EXPIRED UNKNOWN',
    collecting: 'RESULT_EXPIRED YES',
  },
  'video-collected': {
    queued: 'completed',
    processing: 'completed',
    collecting: 'completed',
  },
  'deadline-passed': {
    accepted: 'UPSTREAM_UNAVAILABLE NO',
    submitting: 'SUBMISSION_UNKNOWN UNKNOWN',
    settling: 'SUBMISSION_UNKNOWN UNKNOWN',
    queued: 'TIMED_OUT UNKNOWN',
    processing: 'TIMED_OUT UNKNOWN',
    collecting: 'TIMED_OUT YES',
  },
};

const CASES = Object.values(OBSERVATIONS).flatMap((observation) =>
  JOB_PHASES.map((phase) => ({ observation, phase, expected: TABLE[observation.type][phase] ?? '-' })),
);

describe('transition of each phase by each observation', () => {
  it.each(CASES)('$phase + $observation.type → $expected', ({ observation, phase, expected }) => {
    const before = jobIn(phase);
    const after = transition(before, observation, before.updatedAt + 1);
    const ends = expected.includes(' ');
    const reached = after.failure === null ? after.phase : `${after.failure.code} ${after.failure.charged}`;
    expect(after === before).toBe(expected === '-');
    expect(expected === '-' ? '-' : reached).toBe(expected);
    expect(expected !== '-' && after.phase === 'failed').toBe(ends);
    // Each client shows `charged` in its own words beside the message.
    expect(after.failure?.message ?? '').not.toMatch(/charge/);
  });
});

describe('transition, the fields of a version', () => {
  it('starts as version 1, accepted, without upstream fields', () => {
    expect(jobIn('accepted')).toEqual({
      id: 'vj_1',
      ownerId: 'owner-1',
      version: 1,
      phase: 'accepted',
      request: REQUEST,
      createdAt: T0,
      updatedAt: T0,
      deadlineAt: T0 + 3_300_000,
      startBefore: T0 + 600_000,
      webhookUrl: null,
      traceparent: null,
      waitingFor: null,
      sentAt: null,
      lostAnswer: null,
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

  it('keeps all times, the video and the metrics', () => {
    expect(jobIn('completed')).toEqual({
      ...jobIn('accepted'),
      version: 6,
      phase: 'completed',
      updatedAt: T0 + 5000,
      sentAt: T0 + 1000,
      upstreamId: 'u-1',
      submittedAt: T0 + 2000,
      startedAt: T0 + 2500,
      forecast: { madeAt: T0 + 3000, progress: expect.any(Number), from: T0 + 2500, ...EXPECTED.run.main },
      finishedAt: T0 + 5000,
      metrics: METRICS,
      video: VIDEO,
    });
  });

  it('limits the estimated start of a job that no poll showed as running to between its submission and now', () => {
    const starts = [T0 + 3000, T0, T0 + 10_000].map(
      (startedAt) =>
        transition(jobIn('queued'), { ...OBSERVATIONS['upstream-completed'], startedAt }, T0 + 9000)
          .startedAt,
    );
    expect(starts).toEqual([T0 + 3000, T0 + 2000, T0 + 9000]);
  });

  it('keeps the first start', () => {
    const done = transition(
      jobIn('processing'),
      { ...OBSERVATIONS['upstream-completed'], startedAt: T0 },
      T0 + 9000,
    );
    expect(done.startedAt).toBe(T0 + 2500);
  });

  it('uses the upstream’s time as the submission of a request from the history', () => {
    const adopted = [T0 + 1500, T0 - 1, T0 + 99_000].map((submittedAt) =>
      transition(jobIn('settling'), { ...OBSERVATIONS['submit-accepted'], submittedAt }, T0 + 9000),
    );
    expect(adopted.map((job) => job.submittedAt)).toEqual([T0 + 1500, T0, T0 + 9000]);
    expect(adopted.map((job) => job.lostAnswer)).toEqual([null, null, null]);
  });

  it('has the reason for the wait, with one version for each reason, until it is sent', () => {
    const waits = OBSERVATIONS['submission-waits'];
    const waiting = transition(jobIn('accepted'), waits, T0 + 9000);
    expect(waiting).toMatchObject({ version: 2, waitingFor: 'RATE_LIMIT', forecast: waits.forecast });
    expect(transition(waiting, waits, T0 + 9001)).toBe(waiting);
    const sent = transition(waiting, OBSERVATIONS['submit-started'], T0 + 9002);
    expect(sent).toMatchObject({ waitingFor: null, forecast: null, sentAt: T0 + 9002 });
    const back = transition(sent, OBSERVATIONS['submit-not-created'], T0 + 9003);
    expect(back.waitingFor).toBe('UPSTREAM_UNAVAILABLE');
  });

  it('keeps the lost answer while the history is searched, and has the last error at the deadline', () => {
    expect(jobIn('settling').lostAnswer).toBe('Lost.');
    const late = transition(
      jobIn('processing'),
      { type: 'deadline-passed', lastError: 'HTTP 500: no GPU' },
      T0 + 9000,
    );
    expect(late.failure?.message).toBe(
      "The video was not ready before the deadline. The upstream's last error: HTTP 500: no GPU",
    );
  });

  it('prefers newer metrics, field by field', () => {
    const metrics = { queueSeconds: null, inferenceSeconds: 20, costUsd: null };
    const done = transition(
      jobIn('collecting'),
      { type: 'video-collected', video: VIDEO, startedAt: T0, metrics },
      T0 + 9000,
    );
    expect(done.metrics).toEqual({ queueSeconds: 1, inferenceSeconds: 20, costUsd: 0.53 });
  });

  it.each([
    [0.53, 'YES'],
    [0, 'NO'],
    [null, 'NO'],
  ] as const)('derives from a cost of %s that a FAILED job is charged: %s', (costUsd, charged) => {
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
    ['CANCELED', false],
    ['START_DEADLINE_PASSED', true],
  ] as const)('calls %s retryable: %s', (code, retryable) => {
    const failed = transition(
      jobIn('submitting'),
      { type: 'submit-refused', code, message: 'The reason.' },
      T0 + 9000,
    );
    expect(failed.failure).toEqual({ code, message: 'The reason.', retryable, charged: 'NO' });
  });
});

import * as fc from 'fast-check';
import { forecastUnsent } from '../../../src/domain/job/forecast.ts';
import {
  type Job,
  type JobMetrics,
  type JobPhase,
  type JobVideo,
  newJob,
} from '../../../src/domain/job/job.ts';
import type { Observation } from '../../../src/domain/job/observation.ts';
import { transition } from '../../../src/domain/job/transition.ts';
import { DurationDistribution } from '../../../src/domain/polling/duration-distribution.ts';
import type { ExpectedDurations } from '../../../src/domain/polling/duration-model.ts';
import type { VideoRequest } from '../../../src/domain/request/video-request.ts';

export const T0 = Date.UTC(2026, 10, 22);
export const DEADLINE_MS = 3_300_000;

export const REQUEST: VideoRequest = {
  image: 'https://example.com/cat.png',
  prompt: 'A cat yawns',
  negativePrompt: 'blurry',
  resolution: 480,
  videoLength: 3,
  steps: 30,
  seed: 7,
  base64: false,
};

export const METRICS: JobMetrics = { queueSeconds: 1, inferenceSeconds: 13.06, costUsd: 0.53 };

export const VIDEO: JobVideo = {
  url: 'https://files.example.com/v.mp4',
  inline: false,
  contentType: 'video/mp4',
  byteLength: 123_456,
  expiresAt: T0 + 1e9,
};

/** A job that waits for about 2 seconds and then runs for about 48. */
export const EXPECTED: ExpectedDurations = {
  queue: new DurationDistribution({ mu: Math.log(2000), sigma: 0.5 }),
  run: new DurationDistribution({ mu: Math.log(48_000), sigma: 0.1 }),
};

/** One observation of each type. */
export const OBSERVATIONS = {
  'submission-waits': {
    type: 'submission-waits',
    waitingFor: 'RATE_LIMIT',
    forecast: forecastUnsent(EXPECTED, T0, 60_000),
  },
  canceled: { type: 'canceled' },
  'start-deadline-passed': { type: 'start-deadline-passed', lastError: null },
  'submit-started': { type: 'submit-started' },
  'submit-not-created': { type: 'submit-not-created', waitingFor: 'UPSTREAM_UNAVAILABLE', forecast: null },
  'submit-refused': { type: 'submit-refused', code: 'REJECTED', message: 'No such image.' },
  'submit-lost': { type: 'submit-lost', message: 'Lost.', sentAt: null },
  'submit-unknown': { type: 'submit-unknown', message: 'Lost.' },
  'submit-accepted': { type: 'submit-accepted', upstreamId: 'u-1', submittedAt: null, expected: EXPECTED },
  'upstream-processing': { type: 'upstream-processing', startedAt: T0 + 2500, expected: EXPECTED },
  'upstream-completed': { type: 'upstream-completed', startedAt: T0 + 2500, metrics: METRICS },
  'upstream-failed': { type: 'upstream-failed', message: 'Blocked.', metrics: null },
  'upstream-has-no-video': { type: 'upstream-has-no-video', message: 'None', metrics: null },
  'upstream-not-found': { type: 'upstream-not-found', metrics: null },
  'video-collected': { type: 'video-collected', video: VIDEO, startedAt: T0 + 2500, metrics: null },
  'deadline-passed': { type: 'deadline-passed', lastError: null },
} as const satisfies { readonly [T in Observation['type']]: Observation & { readonly type: T } };

export type ObservationType = keyof typeof OBSERVATIONS;

const WAY: Readonly<Record<JobPhase, readonly ObservationType[]>> = {
  accepted: [],
  submitting: ['submit-started'],
  settling: ['submit-started', 'submit-lost'],
  queued: ['submit-started', 'submit-accepted'],
  processing: ['submit-started', 'submit-accepted', 'upstream-processing'],
  collecting: ['submit-started', 'submit-accepted', 'upstream-processing', 'upstream-completed'],
  completed: [
    'submit-started',
    'submit-accepted',
    'upstream-processing',
    'upstream-completed',
    'video-collected',
  ],
  failed: ['submit-started', 'submit-accepted', 'upstream-failed'],
};

/** An accepted job. */
export function freshJob(): Job {
  return newJob('vj_1', 'owner-1', REQUEST, T0, DEADLINE_MS, { startBefore: T0 + 600_000 });
}

/** A job that reached a phase by the usual path, one second a step. */
export function jobIn(phase: JobPhase): Job {
  return WAY[phase].reduce(
    (job, type, step) => transition(job, OBSERVATIONS[type], T0 + 1000 * (step + 1)),
    freshJob(),
  );
}

const metrics = fc.option(
  fc.record({
    queueSeconds: fc.option(fc.double({ min: 0, max: 1e4, noNaN: true })),
    inferenceSeconds: fc.option(fc.double({ min: 0, max: 1e4, noNaN: true })),
    costUsd: fc.option(fc.double({ min: 0, max: 10, noNaN: true })),
  }),
);

/** Durations from milliseconds to an hour, with small and large variance. */
export const anyDurations: fc.Arbitrary<DurationDistribution> = fc
  .record({
    mu: fc.double({ min: Math.log(10), max: Math.log(3_600_000), noNaN: true }),
    sigma: fc.double({ min: 0.03, max: 1.5, noNaN: true }),
  })
  .map((parameters) => new DurationDistribution(parameters));

export const anyExpected: fc.Arbitrary<ExpectedDurations> = fc.record({
  queue: anyDurations,
  run: anyDurations,
});

const anyStart = fc.integer({ min: T0 - 1_000_000, max: T0 + 10_000_000 });

/** Any observation. */
export const anyObservation: fc.Arbitrary<Observation> = fc.oneof(
  fc.constant(OBSERVATIONS['submission-waits']),
  fc.constant(OBSERVATIONS.canceled),
  fc.constant(OBSERVATIONS['start-deadline-passed']),
  fc.constant(OBSERVATIONS['submit-started']),
  fc.constant(OBSERVATIONS['submit-not-created']),
  fc.constant(OBSERVATIONS['submit-lost']),
  fc.record({
    type: fc.constant('submit-refused' as const),
    code: fc.constantFrom(
      'REJECTED' as const,
      'INSUFFICIENT_CREDITS' as const,
      'UPSTREAM_UNAUTHORIZED' as const,
      'MODEL_UNAVAILABLE' as const,
    ),
    message: fc.string(),
  }),
  fc.constant(OBSERVATIONS['submit-unknown']),
  fc.record({
    type: fc.constant('submit-accepted' as const),
    upstreamId: fc.uuid(),
    submittedAt: fc.option(fc.integer({ min: T0 - 1_000_000, max: T0 + 10_000_000 })),
    expected: anyExpected,
  }),
  fc.record({
    type: fc.constant('upstream-processing' as const),
    startedAt: anyStart,
    expected: anyExpected,
  }),
  fc.record({ type: fc.constant('upstream-completed' as const), startedAt: anyStart, metrics }),
  fc.record({ type: fc.constant('upstream-failed' as const), message: fc.string(), metrics }),
  fc.record({ type: fc.constant('upstream-has-no-video' as const), message: fc.string(), metrics }),
  fc.record({ type: fc.constant('upstream-not-found' as const), metrics }),
  fc.record({
    type: fc.constant('video-collected' as const),
    video: fc.constant(VIDEO),
    startedAt: anyStart,
    metrics,
  }),
  fc.constant(OBSERVATIONS['deadline-passed']),
);

/** Observations at any times, including a clock that goes back. */
export const anyHistory = fc.array(
  fc.tuple(anyObservation, fc.integer({ min: T0 - 1_000_000, max: T0 + 10_000_000 })),
  { maxLength: 40 },
);

const lively = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<ObservationType>('submit-started', 'submit-accepted') },
  {
    weight: 4,
    arbitrary: fc.constantFrom<ObservationType>(
      'upstream-processing',
      'upstream-completed',
      'submit-not-created',
      'submit-lost',
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom<ObservationType>('video-collected', 'upstream-failed') },
);

/** Histories of longer lives: fewer of their observations end the job. */
export const livelyHistory = fc.array(
  fc.tuple(
    lively.map((type): Observation => OBSERVATIONS[type]),
    fc.integer({ min: T0 - 1_000_000, max: T0 + 10_000_000 }),
  ),
  { maxLength: 30 },
);

/** All versions of a job under a history: the first, and one per observation. */
export function play(history: readonly (readonly [Observation, number])[]): Job[] {
  const jobs = [freshJob()];
  for (const [observation, now] of history) {
    const before = jobs.at(-1) ?? freshJob();
    jobs.push(transition(before, observation, now));
  }
  return jobs;
}

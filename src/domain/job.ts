import type { JobFailure } from './failure.ts';
import type { Forecast } from './forecast.ts';
import type { VideoRequest } from './video-request.ts';

/** Every phase, in the order of a job's life; the last two are final. `transition.ts` tells which may follow which. */
export const JOB_PHASES = [
  'accepted',
  'submitting',
  'queued',
  'processing',
  'collecting',
  'completed',
  'failed',
] as const;

/** Where a job stands. */
export type JobPhase = (typeof JOB_PHASES)[number];

/** What the upstream told of a job's cost in time and money; null where it told nothing. */
export interface JobMetrics {
  readonly queueSeconds: number | null;
  readonly inferenceSeconds: number | null;
  readonly costUsd: number | null;
}

/** The finished video, without its bytes: those are stored beside the job when `inline` is true. */
export interface JobVideo {
  /** http or https; null when the video is kept inline. */
  readonly url: string | null;
  /** True when the store holds the bytes as base64, apart from the job. */
  readonly inline: boolean;
  /** A media type, e.g. `video/mp4`. */
  readonly contentType: string;
  /** Bytes of the video itself, not of its base64; null when the upstream did not tell. */
  readonly byteLength: number | null;
  /** Epoch milliseconds after which the video can no longer be had. */
  readonly expiresAt: number;
}

/** One image-to-video job. Immutable: `transition` makes the next version. All times are epoch milliseconds. */
export interface Job {
  readonly id: string;
  readonly ownerId: string;
  /** 1 at acceptance, one more with every stored change. */
  readonly version: number;
  readonly phase: JobPhase;
  readonly request: VideoRequest;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** The job is ended by force at this time. */
  readonly deadlineAt: number;
  /** The upstream's own id; null until it accepted the job. */
  readonly upstreamId: string | null;
  /** When the upstream accepted the job. */
  readonly submittedAt: number | null;
  /** About when the upstream began to work on it, which falls between two looks; null too when it finished unseen. */
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  /** When it is expected to end; null until the upstream accepted it, and in jobs of before there were forecasts. */
  readonly forecast: Forecast | null;
  readonly metrics: JobMetrics | null;
  readonly video: JobVideo | null;
  readonly failure: JobFailure | null;
}

/** True for a job that will never change again. */
export function isFinal(job: Job): boolean {
  return job.phase === 'completed' || job.phase === 'failed';
}

/**
 * A job as it is when `generateVideo` accepts it: version 1, phase `accepted`.
 *
 * @param deadlineMs milliseconds from acceptance to the forced end
 */
export function newJob(
  id: string,
  ownerId: string,
  request: VideoRequest,
  now: number,
  deadlineMs: number,
): Job {
  return {
    id,
    ownerId,
    version: 1,
    phase: 'accepted',
    request,
    createdAt: now,
    updatedAt: now,
    deadlineAt: now + deadlineMs,
    upstreamId: null,
    submittedAt: null,
    startedAt: null,
    finishedAt: null,
    forecast: null,
    metrics: null,
    video: null,
    failure: null,
  };
}

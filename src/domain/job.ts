import type { JobFailure } from './failure.ts';
import type { Forecast } from './forecast.ts';
import type { VideoRequest } from './video-request.ts';

/** Every phase, in the order of a job's life; the last two are final. `transition.ts` tells which may follow which. */
export const JOB_PHASES = [
  'accepted',
  'submitting',
  'settling',
  'queued',
  'processing',
  'collecting',
  'completed',
  'failed',
] as const;

/** Where a job stands. */
export type JobPhase = (typeof JOB_PHASES)[number];

/** Why a job that was accepted is not sent yet. */
export type SubmissionWait = 'RATE_LIMIT' | 'UPSTREAM_UNAVAILABLE';

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
  /** Why it is not sent yet; null when it is about to be, or was. */
  readonly waitingFor: SubmissionWait | null;
  /** When its submission was last begun; null before the first. */
  readonly sentAt: number | null;
  /** How the answer to its submission was lost, while it is `settling`; else null. */
  readonly lostAnswer: string | null;
  /** The upstream's own id; null until it accepted the job. */
  readonly upstreamId: string | null;
  /** When the upstream accepted the job. */
  readonly submittedAt: number | null;
  /** About when the upstream began to work on it, which falls between two polls; null until that was seen. */
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  /** When it is expected to end; null while nothing is known of that. */
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
  };
}

/** Fields that were added after jobs had been stored, with what they are in those. */
const LATER_FIELDS = { waitingFor: null, sentAt: null, lostAnswer: null, forecast: null } as const;

/**
 * Reads a stored job. The fields that decide what happens to it next are checked; the others are only shown.
 *
 * @param value parsed JSON
 * @throws Error that names the first field that is not what it has to be
 */
export function readStoredJob(value: unknown): Job {
  assertJob(value);
  return { ...LATER_FIELDS, ...value };
}

function assertJob(value: unknown): asserts value is Job {
  if (!isRecord(value)) throw new Error('The stored job is not an object.');
  const { phase, request, upstreamId } = value;
  const isAtUpstream = phase === 'queued' || phase === 'processing' || phase === 'collecting';
  const faulty =
    ['id', 'ownerId'].find((field) => typeof value[field] !== 'string') ??
    ['version', 'createdAt', 'updatedAt', 'deadlineAt'].find((field) => !Number.isFinite(value[field])) ??
    (JOB_PHASES.some((one) => one === phase) ? undefined : 'phase') ??
    (isRecord(request) && typeof request['prompt'] === 'string' ? undefined : 'request') ??
    (isAtUpstream && typeof upstreamId !== 'string' ? 'upstreamId' : undefined);
  if (faulty !== undefined) throw new Error(`The stored job has an invalid ${faulty}.`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

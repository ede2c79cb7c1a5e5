import type { VideoRequest } from '../request/video-request.ts';
import type { JobFailure } from './failure.ts';
import type { Forecast } from './forecast.ts';

/** All phases in the order of a job's life; the last two are final. `transition.ts` has the legal transitions. */
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

/** One step of a job's life. */
export type JobPhase = (typeof JOB_PHASES)[number];

/** Why an accepted job is not sent yet. */
export type SubmissionWait = 'RATE_LIMIT' | 'UPSTREAM_UNAVAILABLE';

/** The upstream's own figures about a job; null where it gave none. */
export interface JobMetrics {
  readonly queueSeconds: number | null;
  readonly inferenceSeconds: number | null;
  readonly costUsd: number | null;
}

/** The finished video. Its bytes, if any, are stored beside the job. */
export interface JobVideo {
  /** http or https; null when `inline` is true. */
  readonly url: string | null;
  /** True when the store has the bytes as base64, beside the job. */
  readonly inline: boolean;
  /** A media type, e.g. `video/mp4`. */
  readonly contentType: string;
  /** Bytes of the video itself, not of its base64; null: unknown. */
  readonly byteLength: number | null;
  /** Epoch milliseconds after which the video is no longer available. */
  readonly expiresAt: number;
}

/** The fields of a job in every phase. All times are epoch milliseconds. */
interface CommonFields {
  readonly id: string;
  readonly ownerId: string;
  /** 1 at acceptance, one more with every stored change. */
  readonly version: number;
  readonly request: VideoRequest;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** The poller ends an unfinished job at this time. */
  readonly deadlineAt: number;
  /** The poller ends a job that is not submitted by this time; null: `deadlineAt` alone counts. */
  readonly startBefore: number | null;
  /** Where the client wants the job's end announced; null: nowhere. */
  readonly webhookUrl: string | null;
  /** The trace that the job belongs to, as in the `traceparent` header of W3C Trace Context; null: none. */
  readonly traceparent: string | null;
}

/** The fields that depend on the phase. A field that a phase does not have is null: a store writes all fields of each version. */
interface PhaseFields {
  /** Why it is not sent yet; null: it is about to be sent. */
  readonly waitingFor: SubmissionWait;
  /** When its latest submission began. */
  readonly sentAt: number;
  /** How the answer to its submission was lost. */
  readonly lostAnswer: string;
  /** The upstream's own id. */
  readonly upstreamId: string;
  /** When the upstream accepted the job. */
  readonly submittedAt: number;
  /** Estimate of when the upstream began to work on it, between two polls. */
  readonly startedAt: number;
  readonly finishedAt: number;
  /** When it is expected to end; null: unknown. */
  readonly forecast: Forecast;
  readonly metrics: JobMetrics;
  readonly video: JobVideo;
  readonly failure: JobFailure;
}

const PHASE_FIELDS = [
  'waitingFor',
  'sentAt',
  'lostAnswer',
  'upstreamId',
  'submittedAt',
  'startedAt',
  'finishedAt',
  'forecast',
  'metrics',
  'video',
  'failure',
] as const satisfies readonly (keyof PhaseFields)[];
type PhaseField = (typeof PHASE_FIELDS)[number];

/**
 * Which of the fields a job always has in a phase, and which it may have. The types and the reader of stored jobs follow from
 * it. A final job whose video or failure is missing in the store is shown without it, so these are not required here;
 * `transition` always sets them.
 */
const FIELDS = {
  accepted: { has: [], mayHave: ['waitingFor', 'sentAt', 'forecast'] },
  submitting: { has: ['sentAt'], mayHave: [] },
  settling: { has: ['sentAt', 'lostAnswer'], mayHave: [] },
  queued: { has: ['upstreamId', 'submittedAt'], mayHave: ['sentAt', 'forecast'] },
  processing: { has: ['upstreamId', 'submittedAt', 'startedAt'], mayHave: ['sentAt', 'forecast'] },
  collecting: { has: ['upstreamId', 'submittedAt', 'startedAt'], mayHave: ['sentAt', 'forecast', 'metrics'] },
  completed: {
    has: ['submittedAt', 'startedAt', 'finishedAt'],
    mayHave: ['sentAt', 'upstreamId', 'forecast', 'metrics', 'video'],
  },
  failed: {
    has: ['finishedAt'],
    mayHave: [
      'waitingFor',
      'sentAt',
      'lostAnswer',
      'upstreamId',
      'submittedAt',
      'startedAt',
      'forecast',
      'metrics',
      'failure',
    ],
  },
} as const satisfies Record<
  JobPhase,
  { readonly has: readonly PhaseField[]; readonly mayHave: readonly PhaseField[] }
>;

type FieldsOf<P extends JobPhase> = {
  readonly [F in PhaseField]: F extends (typeof FIELDS)[P]['has'][number]
    ? PhaseFields[F]
    : F extends (typeof FIELDS)[P]['mayHave'][number]
      ? PhaseFields[F] | null
      : null;
};

/** The jobs of each phase. */
export type JobsByPhase = {
  readonly [P in JobPhase]: CommonFields & { readonly phase: P } & FieldsOf<P>;
};

/** A job in one of these phases. */
export type JobIn<P extends JobPhase> = JobsByPhase[P];

/** One image-to-video job. Immutable: `transition` makes the next version. */
export type Job = JobIn<JobPhase>;

/** True for a job that will never change again. */
export function isFinal(job: Job): job is JobIn<'completed' | 'failed'> {
  return job.phase === 'completed' || job.phase === 'failed';
}

/** When the poller ends a job in its present phase, in epoch milliseconds. An accepted job also has the start deadline. */
export function forcedEndAt({ phase, deadlineAt, startBefore }: Job): number {
  return phase === 'accepted' && startBefore !== null ? Math.min(startBefore, deadlineAt) : deadlineAt;
}

/** What a client may say about a job beside its request; see `Job`. */
export type JobOptions = Partial<Pick<CommonFields, 'startBefore' | 'webhookUrl' | 'traceparent'>>;

/**
 * The job that `generateVideo` accepts: version 1, phase `accepted`.
 *
 * @param deadlineMs milliseconds from acceptance to the forced end
 */
export function newJob(
  id: string,
  ownerId: string,
  request: VideoRequest,
  now: number,
  deadlineMs: number,
  { startBefore = null, webhookUrl = null, traceparent = null }: JobOptions = {},
): JobIn<'accepted'> {
  return {
    id,
    ownerId,
    version: 1,
    phase: 'accepted',
    request,
    createdAt: now,
    updatedAt: now,
    deadlineAt: now + deadlineMs,
    startBefore,
    webhookUrl,
    traceparent,
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

/**
 * Reads a stored job. A field that the phase requires gets a default when it is absent: the job was stored before the field was
 * added. Only the fields that decide the next step of the job are checked.
 *
 * @param value parsed JSON
 * @throws Error that names the first invalid field
 */
export function readStoredJob(value: unknown): Job {
  if (!isRecord(value)) throw new Error('The stored job is not an object.');
  const job: Record<string, unknown> = { ...value };
  if (!Number.isFinite(job['startBefore'])) job['startBefore'] = null;
  for (const field of ['webhookUrl', 'traceparent']) if (typeof job[field] !== 'string') job[field] = null;
  const phase = JOB_PHASES.find((one) => one === value['phase']);
  if (phase !== undefined) setPhaseFields(job, phase);
  assertJob(job);
  return job;
}

/** Fields that the phase does not have become null. Creates no objects, because each read of a job runs it. */
function setPhaseFields(job: Record<string, unknown>, phase: JobPhase): void {
  const has: readonly PhaseField[] = FIELDS[phase].has;
  const mayHave: readonly PhaseField[] = FIELDS[phase].mayHave;
  for (const field of PHASE_FIELDS) {
    if (has.includes(field)) job[field] ??= defaultsOf(job)[field];
    else if (mayHave.includes(field)) job[field] ??= null;
    else job[field] = null;
  }
}

/** The defaults of absent fields; null: none. */
function defaultsOf(stored: Readonly<Record<string, unknown>>): Record<PhaseField, unknown> {
  const { createdAt, updatedAt, submittedAt } = stored;
  return {
    waitingFor: null,
    sentAt: createdAt,
    lostAnswer: 'The answer to the submission was lost.',
    upstreamId: null,
    submittedAt: createdAt,
    startedAt: submittedAt ?? createdAt,
    finishedAt: updatedAt,
    forecast: null,
    metrics: null,
    video: null,
    failure: null,
  };
}

function assertJob(job: Readonly<Record<string, unknown>>): asserts job is Job & Record<string, unknown> {
  const { phase, request, upstreamId } = job;
  const isAtUpstream = phase === 'queued' || phase === 'processing' || phase === 'collecting';
  const invalid =
    ['id', 'ownerId'].find((field) => typeof job[field] !== 'string') ??
    ['version', 'createdAt', 'updatedAt', 'deadlineAt'].find((field) => !Number.isFinite(job[field])) ??
    (JOB_PHASES.some((one) => one === phase) ? undefined : 'phase') ??
    (isRecord(request) && typeof request['prompt'] === 'string' ? undefined : 'request') ??
    (isAtUpstream && typeof upstreamId !== 'string' ? 'upstreamId' : undefined);
  if (invalid !== undefined) throw new Error(`The stored job has an invalid ${invalid}.`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

import { z } from 'zod';
import type { ModelInput } from './model-input.ts';
import { readModelInput } from './model-input.ts';

/** The price of a job in USD [docs]. */
export const COST = 0.53;
/** Results expire one hour after the submission [page]. */
export const RESULT_KEPT_MS = 3_600_000;
/** Video files expire after about seven days [docs]. */
export const VIDEO_KEPT_MS = 7 * 24 * 3_600_000;

/** 32 hex digits without dashes [seen]. */
const ID_PATTERN = /^[0-9a-f]{32}$/;

const recordSchema = z.object({
  id: z.string().regex(ID_PATTERN),
  /** In the video's URL. It differs from `id`, so that neither reveals the other. */
  videoId: z.string().regex(ID_PATTERN),
  createdAt: z.number(),
  startsAt: z.number(),
  /** Null: never. */
  endsAt: z.number().nullable(),
  /** The JSON of the submission, unchanged. */
  body: z.record(z.string(), z.unknown()),
  /** The error that the job will end with, decided at submission; null: it will complete. */
  error: z.string().nullable(),
  /** Name of the fault that the prompt requested. */
  fault: z.string().nullable(),
  /** The account's balance after this job. */
  remainingCredits: z.number(),
  /** Result of the rendering; null while the video is not rendered. */
  made: z.union([
    z.object({ at: z.number(), byteLength: z.number() }),
    z.object({ at: z.number(), error: z.string() }),
    z.null(),
  ]),
});

/** A job as stored on disk. Times are epoch ms. */
export type Job = Readonly<z.infer<typeof recordSchema>>;

/** Reads a stored {@link Job}. Earlier versions stored the parsed parameters as `input`, and no `body`. */
export const jobSchema = z.preprocess((record) => {
  const isEarlier = typeof record === 'object' && record !== null && 'input' in record;
  return isEarlier ? { body: record.input ?? {}, ...record } : record;
}, recordSchema);

/** The state of a job at one time. */
export type JobState =
  | { readonly status: 'QUEUED' }
  | { readonly status: 'PROCESSING' }
  | { readonly status: 'COMPLETED'; readonly doneAt: number; readonly byteLength: number }
  | { readonly status: 'FAILED'; readonly doneAt: number; readonly error: string };

/** A job is COMPLETED when its end time has passed and its video is rendered. */
export function stateAt(job: Job, now: number): JobState {
  if (now < job.startsAt) return { status: 'QUEUED' };
  if (job.endsAt === null || now < job.endsAt) return { status: 'PROCESSING' };
  if (job.error !== null) return { status: 'FAILED', doneAt: job.endsAt, error: job.error };
  if (job.made === null) return { status: 'PROCESSING' };
  const doneAt = Math.max(job.endsAt, job.made.at);
  if ('error' in job.made) return { status: 'FAILED', doneAt, error: job.made.error };
  return { status: 'COMPLETED', doneAt, byteLength: job.made.byteLength };
}

/** The parameters of the submission with their defaults; null when the body is invalid. */
export function inputOf(job: Job): ModelInput | null {
  const read = readModelInput(job.body);
  return 'input' in read ? read.input : null;
}

/** The input of a job whose video must still be rendered; null when there is nothing to render. */
export function pendingInput(job: Job): ModelInput | null {
  return job.made === null && job.error === null && job.endsAt !== null ? inputOf(job) : null;
}

/**
 * Replaces an inline image that is no longer needed by `data:,`, because thousands of jobs stay in memory. The request history
 * shows the replacement. The URL of an image is unchanged.
 */
export function withoutImageData(job: Job): Job {
  const image = job.body['image'];
  if (typeof image !== 'string' || !image.startsWith('data:') || pendingInput(job) !== null) return job;
  return { ...job, body: { ...job.body, image: 'data:,' } };
}

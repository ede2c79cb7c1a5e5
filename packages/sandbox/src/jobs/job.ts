import { z } from 'zod';
import type { ModelInput } from './model-input.ts';
import { readModelInput } from './model-input.ts';

/** USD; what one job is charged [docs]. */
export const COST = 0.53;
/** Results are kept for one hour from submission [page]. */
export const RESULT_KEPT_MS = 3_600_000;
/** The files behind their URLs are kept for about seven days [docs]. */
export const VIDEO_KEPT_MS = 7 * 24 * 3_600_000;

/** 32 hex digits without dashes [seen]. */
export const ID_PATTERN = /^[0-9a-f]{32}$/;

const recordSchema = z.object({
  id: z.string().regex(ID_PATTERN),
  /** Names the video's URL; other than `id`, so that neither gives the other away. */
  videoId: z.string().regex(ID_PATTERN),
  createdAt: z.number(),
  startsAt: z.number(),
  /** Null: never. */
  endsAt: z.number().nullable(),
  /** The submission's JSON, as it was sent. */
  body: z.record(z.string(), z.unknown()),
  /** Why it will fail, decided at submission; null when it will not. */
  error: z.string().nullable(),
  /** The fault that its prompt asked for. */
  fault: z.string().nullable(),
  /** The account's balance after this job. */
  remainingCredits: z.number(),
  /** What became of its video; null while it is still being made. */
  made: z.union([
    z.object({ at: z.number(), byteLength: z.number() }),
    z.object({ at: z.number(), error: z.string() }),
    z.null(),
  ]),
});

/** A job as it is kept on disk. Times are epoch ms. */
export type Job = Readonly<z.infer<typeof recordSchema>>;

/** A {@link Job}'s record, as JSON. Earlier versions wrote the parameters that they had read, as `input`, and no `body`. */
export const jobSchema = z.preprocess((record) => {
  const isEarlier = typeof record === 'object' && record !== null && 'input' in record;
  return isEarlier ? { body: record.input ?? {}, ...record } : record;
}, recordSchema);

/** A job as seen at one moment. */
export type JobState =
  | { readonly word: 'QUEUED' }
  | { readonly word: 'PROCESSING' }
  | { readonly word: 'COMPLETED'; readonly doneAt: number; readonly byteLength: number }
  | { readonly word: 'FAILED'; readonly doneAt: number; readonly error: string };

/** COMPLETED needs both: its time has come, and its video is there. */
export function stateAt(job: Job, now: number): JobState {
  if (now < job.startsAt) return { word: 'QUEUED' };
  if (job.endsAt === null || now < job.endsAt) return { word: 'PROCESSING' };
  if (job.error !== null) return { word: 'FAILED', doneAt: job.endsAt, error: job.error };
  if (job.made === null) return { word: 'PROCESSING' };
  const doneAt = Math.max(job.endsAt, job.made.at);
  if ('error' in job.made) return { word: 'FAILED', doneAt, error: job.made.error };
  return { word: 'COMPLETED', doneAt, byteLength: job.made.byteLength };
}

/** The parameters that were sent, with the defaults filled in; null when the body is invalid. */
export function inputOf(job: Job): ModelInput | null {
  const read = readModelInput(job.body);
  return 'input' in read ? read.input : null;
}

/** The input of a job whose video has still to be made; null when there is nothing to make. */
export function pendingInput(job: Job): ModelInput | null {
  return job.made === null && job.error === null && job.endsAt !== null ? inputOf(job) : null;
}

/**
 * The same with `data:,` in the place of the bytes of an image that is not needed any more: thousands of jobs are kept in
 * memory. The request history shows it so; an image that was sent as an http URL stays.
 */
export function withoutImageData(job: Job): Job {
  const image = job.body['image'];
  if (typeof image !== 'string' || !image.startsWith('data:') || pendingInput(job) !== null) return job;
  return { ...job, body: { ...job.body, image: 'data:,' } };
}

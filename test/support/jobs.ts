import { type ChargeState, jobFailure } from '../../src/domain/job/failure.ts';
import { idempotencyShard, newJobId } from '../../src/domain/job/job-id.ts';
import { isFinal, type Job, newJob, readStoredJob } from '../../src/domain/job/job.ts';
import { requestFingerprint, type VideoRequest } from '../../src/domain/request/video-request.ts';
import type { JobLimits } from '../../src/store/job-limits.ts';
import type { NewJobRecord } from '../../src/store/job-store.ts';
import { deliveryIdOf, type NewDelivery } from '../../src/store/webhook-deliveries.ts';
import { MINUTE, NOON } from './times.ts';

const DEADLINE_MS = 55 * MINUTE;

let built = 0;

/** A valid request; the given fields replace its own. */
export function videoRequest(change: Partial<VideoRequest> = {}): VideoRequest {
  return {
    image: 'https://example.com/cat.png',
    prompt: 'a cat jumps',
    negativePrompt: 'blurry',
    resolution: 480,
    videoLength: 3,
    steps: 30,
    seed: 42,
    base64: false,
    ...change,
  };
}

/** A job id for a time. Ids sort in the order of their creation, also within one millisecond. */
export function jobId(now: number): string {
  const random = new Uint8Array(16);
  // The four bytes that uuid puts after the time.
  new DataView(random.buffer).setUint32(6, ++built);
  // Real ids end in random bits.
  random[15] = built;
  return newJobId(now, random);
}

/** Fields of a job of any phase. */
export type JobFields = { readonly [F in keyof Job]?: Job[F] };

/** A job with some fields changed. A change of the phase adds the fields that the new phase has, and drops those it lacks. */
export function changedJob(job: Job, change: JobFields): Job {
  const next = { ...job, ...change };
  const isAtUpstream = ['queued', 'processing', 'collecting'].includes(next.phase);
  const upstreamId = next.upstreamId ?? (isAtUpstream ? `up-of-${job.id}` : null);
  return readStoredJob({ ...next, upstreamId });
}

/** An accepted job with a new id. */
export function acceptedJob(change: JobFields = {}): Job {
  const now = change.createdAt ?? NOON;
  return changedJob(newJob(jobId(now), 'ada', videoRequest(), now, DEADLINE_MS), change);
}

/** An accepted job whose id is in the shard of its idempotency key, as the store requires. */
export function keyedJob(idempotencyKey: string, change: JobFields = {}): Job {
  const job = acceptedJob(change);
  return { ...job, id: job.id.slice(0, -1) + idempotencyShard(job.ownerId, idempotencyKey) };
}

/** Limits that refuse nothing; the given ones replace them. */
export function limits(change: Partial<JobLimits> = {}): JobLimits {
  return { unfinished: 1_000_000, unfinishedPerOwner: 0, perDay: 0, perDayPerOwner: 0, ...change };
}

/** The delivery to a job's own target once it has ended. */
export function ownTarget(job: Job): NewDelivery[] {
  const { webhookUrl: url } = job;
  return url === null || !isFinal(job) ? [] : [{ id: deliveryIdOf(job, url), url }];
}

/** The argument of `create` for a job: no idempotency key, and limits that refuse nothing. */
export function record(job: Job, change: Partial<NewJobRecord> = {}): NewJobRecord {
  return {
    job,
    idempotencyKey: null,
    fingerprint: requestFingerprint(job.request),
    limits: limits(),
    ...change,
  };
}

/** The next version of a job, with changes. A job that the upstream has gets an upstream id. */
export function nextVersion(job: Job, change: JobFields = {}): Job {
  return changedJob(job, { ...change, version: job.version + 1 });
}

/** The next version of a job, failed. */
export function failed(job: Job, now: number, charged: ChargeState): Job {
  const failure = jobFailure('GENERATION_FAILED', 'It broke.', charged);
  return nextVersion(job, { phase: 'failed', updatedAt: now, finishedAt: now, failure });
}

/** The next version of a job, completed. */
export function completed(job: Job, now: number): Job {
  return nextVersion(job, { phase: 'completed', updatedAt: now, finishedAt: now });
}

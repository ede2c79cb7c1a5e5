import type { Caller } from '../../domain/caller.ts';
import { idempotencyShard } from '../../domain/job/job-id.ts';
import { newJob, type Job } from '../../domain/job/job.ts';
import type { MediaUrls } from '../../domain/local-media.ts';
import { type InputIssue, requestFingerprint } from '../../domain/request/video-request.ts';
import type { JobLimits } from '../../store/job-limits.ts';
import { requireOwner } from '../access.ts';
import type { GraphQLContext } from '../context.ts';

/** The expected outcomes of `generateVideo`. */
export type GenerateVideoOutcome =
  | { readonly type: 'GenerateVideoSuccess'; readonly job: Job; readonly deduplicated: boolean }
  | { readonly type: 'GenerateVideoInvalidInput'; readonly issues: readonly InputIssue[] }
  | { readonly type: 'GenerateVideoIdempotencyConflict'; readonly job: Job }
  | {
      readonly type: 'GenerateVideoCapacityExceeded';
      /** The limit that is used up; `rate` is that of the owner's calls. */
      readonly reason: keyof JobLimits | 'rate';
      /** At least 1. */
      readonly retryAfterSeconds: number;
    };

/**
 * Counts the call, checks the input and stores the job as accepted. It waits for no upstream.
 *
 * @throws StoreUnavailableError when the call could not be counted or the job not be stored; GraphQLError when the
 *   caller may not
 */
export async function generateVideo(
  { services, caller, media }: GraphQLContext,
  input: unknown,
): Promise<GenerateVideoOutcome> {
  requireOwner(caller, 'video:generate');
  const { ownerId } = caller;
  const waitMs = await services.ownerRate.take(ownerId);
  if (waitMs !== null) return capacityExceeded('rate', waitMs);
  const own = withUpstreamImage(input, media);
  const parsed = services.parseRequest(own ?? input, own !== null || services.privateImages);
  if (!parsed.ok) return { type: 'GenerateVideoInvalidInput', issues: parsed.issues };
  const now = services.clock.now();
  const { idempotencyKey } = parsed;
  const shard = idempotencyKey === null ? undefined : idempotencyShard(ownerId, idempotencyKey);
  const job = newJob(services.newJobId(now, shard), ownerId, parsed.request, now, services.deadlineMs);
  const outcome = await services.store.create({
    job,
    idempotencyKey,
    fingerprint: requestFingerprint(parsed.request),
    limits: services.limits,
  });
  switch (outcome.type) {
    case 'created':
      return { type: 'GenerateVideoSuccess', job, deduplicated: false };
    case 'duplicate':
      return { type: 'GenerateVideoSuccess', job: visibleDuplicate(caller, outcome.job), deduplicated: true };
    case 'conflict':
      return { type: 'GenerateVideoIdempotencyConflict', job: outcome.job };
    case 'refused':
      return capacityExceeded(outcome.limit, outcome.retryAfterMs);
  }
}

/** Without the scope to read, a repeated request gets the answer of the first one again: the job as it was accepted. */
function visibleDuplicate({ scopes }: Caller, job: Job): Job {
  if (scopes.has('video:read')) return job;
  return newJob(job.id, job.ownerId, job.request, job.createdAt, job.deadlineAt - job.createdAt);
}

function capacityExceeded(reason: keyof JobLimits | 'rate', retryAfterMs: number): GenerateVideoOutcome {
  const retryAfterSeconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  return { type: 'GenerateVideoCapacityExceeded', reason, retryAfterSeconds };
}

/** The input with the upstream's URL of its image; null when that is no file of the upstream. */
function withUpstreamImage(input: unknown, media: MediaUrls | null): object | null {
  if (media === null || typeof input !== 'object' || input === null || !('image' in input)) return null;
  const image = typeof input.image === 'string' ? media.toUpstream(input.image.trim()) : null;
  return image === null ? null : { ...input, image };
}

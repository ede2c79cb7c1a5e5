import { idempotencyShard } from '../domain/job-id.ts';
import { newJob, type Job } from '../domain/job.ts';
import { type InputIssue, parseVideoRequest, requestFingerprint } from '../domain/video-request.ts';
import { requireOwner } from './access.ts';
import type { GraphQLContext } from './context.ts';

/** The expected outcomes of `generateVideo`. */
export type GenerateVideoOutcome =
  | { readonly type: 'GenerateVideoSuccess'; readonly job: Job; readonly deduplicated: boolean }
  | { readonly type: 'GenerateVideoInvalidInput'; readonly issues: readonly InputIssue[] }
  | { readonly type: 'GenerateVideoIdempotencyConflict'; readonly job: Job }
  | { readonly type: 'GenerateVideoCapacityExceeded'; readonly retryAfterSeconds: number };

/** Room is made whenever a job ends, which with many jobs under way is soon. */
const RETRY_AFTER_SECONDS = 10;

/**
 * Checks the input and stores the job as accepted. It waits for no upstream.
 *
 * @throws StoreUnavailableError when the job could not be stored; GraphQLError when the caller may not
 */
export async function generateVideo(
  { services, caller }: GraphQLContext,
  input: unknown,
): Promise<GenerateVideoOutcome> {
  requireOwner(caller, 'video:generate');
  const { ownerId } = caller;
  const parsed = parseVideoRequest(input, services.privateImages);
  if (!parsed.ok) return { type: 'GenerateVideoInvalidInput', issues: parsed.issues };
  const now = services.clock.now();
  const { idempotencyKey } = parsed;
  const shard = idempotencyKey === null ? undefined : idempotencyShard(ownerId, idempotencyKey);
  const job = newJob(services.newJobId(now, shard), ownerId, parsed.request, now, services.deadlineMs);
  const outcome = await services.store.create({
    job,
    idempotencyKey,
    fingerprint: requestFingerprint(parsed.request),
    maxUnfinished: services.maxUnfinishedJobs,
  });
  switch (outcome.type) {
    case 'created':
      return { type: 'GenerateVideoSuccess', job, deduplicated: false };
    case 'duplicate':
      return { type: 'GenerateVideoSuccess', job: outcome.job, deduplicated: true };
    case 'conflict':
      return { type: 'GenerateVideoIdempotencyConflict', job: outcome.job };
    case 'full':
      return { type: 'GenerateVideoCapacityExceeded', retryAfterSeconds: RETRY_AFTER_SECONDS };
  }
}

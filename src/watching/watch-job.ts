import { isFinal, type Job } from '../domain/job.ts';
import type { JobStore, Unwatch } from '../store/job-store.ts';
import { PushIterator } from './push-iterator.ts';

/**
 * Follows one job: its present state at once, then newer versions only, in order, then the end after the final one.
 *
 * It listens first and reads the snapshot then, so that nothing falls between the two. What is not yet taken is held
 * in one slot, in which a newer version replaces an older one: a slow reader skips versions, never the last.
 *
 * @param sinceVersion versions up to this one are left out, except the final one, so that the iterator never ends
 *   without it; 0 leaves out none
 * @returns null when the job is unknown or somebody else's
 */
export async function watchJob(
  store: JobStore,
  ownerId: string,
  jobId: string,
  sinceVersion: number,
): Promise<PushIterator<Job> | null> {
  let newest = sinceVersion;
  let slot: Job | undefined;
  const take = () => {
    const job = slot;
    slot = undefined;
    return job;
  };
  let unwatch: Unwatch | undefined;
  const iterator = new PushIterator<Job>(take, () => unwatch?.());
  const offer = (job: Job) => {
    if (job.version <= newest && !isFinal(job)) return;
    newest = job.version;
    slot = job;
    iterator.ready();
    if (isFinal(job)) iterator.end();
  };
  unwatch = await store.watch({ type: 'job', jobId }, offer);
  try {
    const job = store.cached(jobId) ?? (await store.getMany([jobId]))[0];
    if (job == null || job.ownerId !== ownerId) {
      unwatch();
      return null;
    }
    offer(job);
    // The iterator may have ended before there was anything to release.
    if (isFinal(job)) unwatch();
    return iterator;
  } catch (error) {
    unwatch();
    throw error;
  }
}

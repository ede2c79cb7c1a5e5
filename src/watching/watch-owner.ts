import type { Job } from '../domain/job.ts';
import type { JobStore, Unwatch } from '../store/job-store.ts';
import { PushIterator } from './push-iterator.ts';

/** How many jobs may have changes that a subscriber has not taken. */
export const MAX_WAITING_JOBS = 1000;

/** A subscriber fell so far behind that the feed would have had to leave out changes. */
export class SlowSubscriberError extends Error {
  override readonly name = 'SlowSubscriberError';

  constructor() {
    super(
      `More than ${MAX_WAITING_JOBS} jobs changed while the subscriber was not reading. Subscribe again, then read videoJobs.`,
    );
  }
}

/**
 * Follows every change of an owner's jobs from now on, new jobs included; without end. Of each job the newest change
 * that is not yet taken is kept, in the order of the jobs' first waiting change.
 *
 * @returns an iterator that fails with SlowSubscriberError once more than MAX_WAITING_JOBS jobs wait
 */
export async function watchOwner(store: JobStore, ownerId: string): Promise<PushIterator<Job>> {
  const waiting = new Map<string, Job>();
  let unwatch: Unwatch | undefined;
  const take = () => {
    const [job] = waiting.values();
    if (job !== undefined) waiting.delete(job.id);
    return job;
  };
  const iterator = new PushIterator<Job>(take, () => unwatch?.());
  unwatch = await store.watch({ type: 'owner', ownerId }, (job) => {
    waiting.set(job.id, job);
    iterator.ready();
    if (waiting.size > MAX_WAITING_JOBS) {
      waiting.clear();
      iterator.end(new SlowSubscriberError());
    }
  });
  return iterator;
}

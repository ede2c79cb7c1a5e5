import { isFinal, type Job } from '../domain/job.ts';
import type { JobStore } from '../store/job-store.ts';
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
): Promise<JobWatch | null> {
  const watch = new JobWatch(sinceVersion);
  watch.defer(await store.watch({ type: 'job', jobId }, (job) => watch.offer(job)));
  try {
    const job = store.cached(jobId) ?? (await store.getMany([jobId]))[0];
    if (job?.ownerId !== ownerId) {
      watch.end();
      return null;
    }
    watch.offer(job);
    return watch;
  } catch (error) {
    watch.end();
    throw error;
  }
}

/** The updates of one job. One object, as it is touched for each message to each of thousands. */
export class JobWatch extends PushIterator<Job> {
  #newest: number;
  #slot: Job | undefined = undefined;

  constructor(sinceVersion: number) {
    super();
    this.#newest = sinceVersion;
  }

  /** Takes a version of the job; one that is no news is left out. */
  offer(job: Job): void {
    if (job.version <= this.#newest && !isFinal(job)) return;
    this.#newest = job.version;
    this.#slot = job;
    this.ready();
    if (isFinal(job)) this.end();
  }

  protected override take(): Job | undefined {
    const job = this.#slot;
    this.#slot = undefined;
    return job;
  }
}

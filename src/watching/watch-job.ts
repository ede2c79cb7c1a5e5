import { isFinal, type Job } from '../domain/job/job.ts';
import type { JobStore } from '../store/job-store.ts';
import { PushIterator } from './push-iterator.ts';

/**
 * Follows one job: its present state at once, then newer versions only, in order, then the end after the final one.
 *
 * It subscribes first and then reads the snapshot, so that no version is lost in between. One slot holds the newest version that
 * is not yet taken: a slow reader skips versions, never the last.
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
  watch.defer(await store.subscribe({ type: 'job', jobId }, (job) => watch.offer(job)));
  try {
    const job = store.cached?.(jobId) ?? (await store.getMany([jobId]))[0];
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

/** The updates of one job. A single object, because it is touched for each message to each of thousands of subscribers. */
export class JobWatch extends PushIterator<Job> {
  #newest: number;
  #slot: Job | undefined = undefined;

  constructor(sinceVersion: number) {
    super();
    this.#newest = sinceVersion;
  }

  /** Takes a version of the job; one that is not newer is ignored. */
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

import type { Job } from '../domain/job/job.ts';
import type { JobEvents } from '../store/job-store.ts';
import { PushIterator } from './push-iterator.ts';

/** Jobs with unread changes, or unread removals, that one subscriber may have. */
export const MAX_WAITING_JOBS = 1000;

/** A subscriber is too slow: it would miss changes. */
export class SlowSubscriberError extends Error {
  override readonly name = 'SlowSubscriberError';

  constructor() {
    super(
      `More than ${MAX_WAITING_JOBS} jobs changed or were deleted while the subscriber was not reading. Subscribe again, then read videoJobs.`,
    );
  }
}

/**
 * Follows every change of an owner's jobs from now on, new jobs included; it does not end. The newest unread change of each job is
 * kept, in the order of the jobs' first unread changes.
 *
 * @returns an iterator that fails with SlowSubscriberError once more than MAX_WAITING_JOBS jobs wait
 */
export async function watchOwner(store: JobEvents, ownerId: string): Promise<PushIterator<Job>> {
  const watch = new OwnerWatch();
  watch.defer(await store.subscribe({ type: 'owner', ownerId }, (job) => watch.add(job)));
  return watch;
}

class OwnerWatch extends PushIterator<Job> {
  readonly #waiting = new Map<string, Job>();

  add(job: Job): void {
    this.#waiting.set(job.id, job);
    this.ready();
    if (this.#waiting.size <= MAX_WAITING_JOBS) return;
    this.#waiting.clear();
    this.end(new SlowSubscriberError());
  }

  protected override take(): Job | undefined {
    const [job] = this.#waiting.values();
    if (job !== undefined) this.#waiting.delete(job.id);
    return job;
  }
}

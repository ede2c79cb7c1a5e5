import type { JobEvents } from '../store/job-store.ts';
import { PushIterator } from './push-iterator.ts';
import { MAX_WAITING_JOBS, SlowSubscriberError } from './watch-owner.ts';

/**
 * Follows the removals of an owner's jobs from now on, in order; it does not end. Removals while the store is unavailable may be missed.
 *
 * @returns an iterator over the ids of the jobs. It fails with SlowSubscriberError once more than MAX_WAITING_JOBS ids wait
 */
export async function watchRemovals(
  store: Pick<JobEvents, 'subscribeRemovals'>,
  ownerId: string,
): Promise<PushIterator<string>> {
  const watch = new RemovalWatch();
  watch.defer(await store.subscribeRemovals(ownerId, (jobId) => watch.add(jobId)));
  return watch;
}

class RemovalWatch extends PushIterator<string> {
  readonly #waiting: string[] = [];

  add(jobId: string): void {
    this.#waiting.push(jobId);
    this.ready();
    if (this.#waiting.length <= MAX_WAITING_JOBS) return;
    this.#waiting.length = 0;
    this.end(new SlowSubscriberError());
  }

  protected override take(): string | undefined {
    return this.#waiting.shift();
  }
}

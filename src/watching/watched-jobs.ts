import type { Clock } from '../domain/clock.ts';
import type { Job } from '../domain/job.ts';
import type { JobStore } from '../store/job-store.ts';
import type { PushIterator } from './push-iterator.ts';
import { type JobWatch, watchJob } from './watch-job.ts';

/** How often each watched job is read again. */
const CHECK_MS = 10_000;
/** Jobs that are read at a time. */
const BATCH = 100;

/** A job that is watched is no longer in the store: it was emptied, has lost its last writes, or was started without data. */
export class JobGoneError extends Error {
  override readonly name = 'JobGoneError';

  constructor() {
    super('The video job no longer exists.');
  }
}

/** What the watches work with. */
export interface WatchedJobsOptions {
  readonly store: JobStore;
  readonly clock: Clock;
}

/**
 * All jobs that are watched through this process. An announcement tells of what is saved, and nothing tells of what is
 * lost: so each watched job is read again every ten seconds, and the watches of one that is gone end with an error.
 */
export class WatchedJobs implements Disposable {
  readonly #options: WatchedJobsOptions;
  readonly #watches = new Map<string, Set<JobWatch>>();
  #checking: AbortController | null = null;

  constructor(options: WatchedJobsOptions) {
    this.#options = options;
  }

  /** As `watchJob`; the iterator fails with JobGoneError when the job is lost. */
  async watch(ownerId: string, jobId: string, sinceVersion: number): Promise<PushIterator<Job> | null> {
    const watch = await watchJob(this.#options.store, ownerId, jobId, sinceVersion);
    if (watch === null) return null;
    const watches = this.#watches.get(jobId) ?? new Set();
    this.#watches.set(jobId, watches.add(watch));
    // At once when the job is final.
    watch.defer(() => this.#forget(jobId, watch));
    if (this.#watches.size > 0 && this.#checking === null) void this.#check();
    return watch;
  }

  /** Checks no more. The watches themselves end with what they feed. */
  [Symbol.dispose](): void {
    this.#checking?.abort();
    this.#watches.clear();
  }

  #forget(jobId: string, watch: JobWatch): void {
    const watches = this.#watches.get(jobId);
    watches?.delete(watch);
    if (watches?.size === 0) this.#watches.delete(jobId);
    // Without a watch no timer runs.
    if (this.#watches.size === 0) this.#checking?.abort();
  }

  async #check(): Promise<void> {
    const checking = new AbortController();
    this.#checking = checking;
    const { signal } = checking;
    while (!signal.aborted) {
      await this.#options.clock.sleep(CHECK_MS, signal);
      const ids = [...this.#watches.keys()];
      for (let start = 0; start < ids.length && !signal.aborted; start += BATCH) {
        await this.#checkSome(ids.slice(start, start + BATCH));
      }
    }
    if (this.#checking !== checking) return;
    this.#checking = null;
    if (this.#watches.size > 0) void this.#check();
  }

  async #checkSome(ids: readonly string[]): Promise<void> {
    try {
      const jobs = await this.#options.store.getMany(ids);
      for (const [index, id] of ids.entries()) this.#tell(id, jobs[index] ?? null);
    } catch {
      // A store that is away says nothing about its jobs; they are read again in a while.
    }
  }

  #tell(id: string, job: Job | null): void {
    for (const watch of this.#watches.get(id) ?? []) {
      if (job === null) watch.end(new JobGoneError());
      else watch.offer(job);
    }
  }
}

import type { Clock } from '../domain/clock.ts';
import { type Job, isFinal } from '../domain/job/job.ts';
import { emitFault } from '../events/emit-fault.ts';
import type { EventEmitter } from '../events/gateway-events.ts';
import type { JobCache, JobEvents, Jobs } from '../store/job-store.ts';
import { PushIterator } from './push-iterator.ts';

/** Milliseconds between two reads of each watched job. */
const CHECK_MS = 10_000;
/** Jobs that are read in one call at most. */
const BATCH = 100;

export interface WatchedJobsOptions {
  readonly store: Pick<Jobs, 'getMany'> & JobEvents;
  /** See `Storage`. */
  readonly cache: JobCache | null;
  readonly clock: Clock;
  readonly events: EventEmitter;
}

/** The fault names this many of the jobs that it reports together. */
const MAX_NAMED_IDS = 10;

/** The store was emptied, has lost its last writes, or was started without data. */
function emitLost(events: EventEmitter, ids: readonly string[]): void {
  const message =
    'the store no longer has jobs that are watched: it was emptied, or has lost its last writes';
  const details = { jobs: ids.length, jobIds: ids.slice(0, MAX_NAMED_IDS) };
  emitFault(events, 'watching', 'error', message, details);
}

/** What a subscriber has seen of a job. */
export interface SeenVersions {
  /** Versions up to this one are skipped, except the final one; 0 skips none. */
  readonly sinceVersion: number;
  /** Likewise. If it is the final version, the client has the final state: nothing is delivered. Null: unknown. */
  readonly lastEventId: number | null;
}

/** One subscriber of a job. */
interface Subscriber {
  readonly watch: JobWatch;
  readonly lostError: () => Error;
}

/**
 * All jobs that are watched in this process. The event bus reports saved versions, but not lost jobs. So each watched job is read
 * again every ten seconds, and the watches of a lost job end with an error.
 */
export class WatchedJobs implements Disposable {
  readonly #options: WatchedJobsOptions;
  readonly #watches = new Map<string, Set<Subscriber>>();
  #checking: AbortController | null = null;

  constructor(options: WatchedJobsOptions) {
    this.#options = options;
  }

  /**
   * Like `watchJob`, and ends the watch when the job is lost.
   *
   * @param lostError creates the error of the iterator when the store no longer has the job
   */
  async watch(
    ownerId: string,
    jobId: string,
    seen: SeenVersions,
    lostError: () => Error,
  ): Promise<PushIterator<Job> | null> {
    const watch = await watchJob(this.#options, ownerId, jobId, seen);
    if (watch === null) return null;
    const watches = this.#watches.get(jobId) ?? new Set();
    const subscriber = { watch, lostError };
    this.#watches.set(jobId, watches.add(subscriber));
    // Runs at once when the job is final.
    watch.defer(() => this.#forget(jobId, subscriber));
    if (this.#watches.size > 0 && this.#checking === null) void this.#check();
    return watch;
  }

  /** Stops checking. The watches end with their subscribers. */
  [Symbol.dispose](): void {
    this.#checking?.abort();
    this.#watches.clear();
  }

  #forget(jobId: string, subscriber: Subscriber): void {
    const watches = this.#watches.get(jobId);
    watches?.delete(subscriber);
    if (watches?.size === 0) this.#watches.delete(jobId);
    // No timer runs without a watch.
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
      // A job may be no longer watched meanwhile.
      const lost = ids.filter((id, index) => jobs[index] == null && this.#watches.has(id));
      if (lost.length > 0) emitLost(this.#options.events, lost);
      for (const [index, id] of ids.entries()) this.#deliver(id, jobs[index] ?? null);
    } catch {
      // The store is unavailable; the jobs are read again later.
    }
  }

  #deliver(id: string, job: Job | null): void {
    for (const { watch, lostError } of this.#watches.get(id) ?? []) {
      if (job === null) watch.end(lostError());
      else watch.offer(job);
    }
  }
}

/**
 * Follows one job: its current state at once, then newer versions only, in order; it ends after the final version.
 *
 * It subscribes first and then reads the snapshot, so that no version is lost in between. One slot holds the newest unread version: a
 * slow reader skips versions, but never the last.
 *
 * @returns null when the job is unknown or another owner's
 */
export async function watchJob(
  { store, cache }: Pick<WatchedJobsOptions, 'store' | 'cache'>,
  ownerId: string,
  jobId: string,
  { sinceVersion, lastEventId }: SeenVersions,
): Promise<JobWatch | null> {
  const watch = new JobWatch(Math.max(sinceVersion, lastEventId ?? 0));
  watch.defer(await store.subscribe({ type: 'job', jobId }, (job) => watch.offer(job)));
  try {
    const job = cache?.get(jobId) ?? (await store.getMany([jobId]))[0];
    if (job?.ownerId !== ownerId) {
      watch.end();
      return null;
    }
    if (isFinal(job) && job.version === lastEventId) watch.end();
    else watch.offer(job);
    return watch;
  } catch (error) {
    watch.end();
    throw error;
  }
}

/** The updates of one job for one subscriber. Its slot is a field, not another object, because there are thousands of subscribers. */
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

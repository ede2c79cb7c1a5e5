import { LRUCache } from 'lru-cache';
import type { Job } from '../domain/job/job.ts';
import { backoffMs } from '../domain/polling/backoff.ts';
import { emitFault } from '../events/emit-fault.ts';
import type { ArchiveEvent, EventEmitter } from '../events/gateway-events.ts';
import { WorkLoop } from '../process/work-loop.ts';
import type { FileTasks, LeasedFileTask } from '../store/file-tasks.ts';
import { StoreUnavailableError } from '../store/job-store.ts';
import { keepAddingMissingTasks } from './add-missing-tasks.ts';
import { type ArchiveDependencies, archiveJob, type ArchiveStep, restUntil } from './archive-job.ts';
import type { ArchivePlace } from './archive-place.ts';
import { BlobStoreError } from './blob-store.ts';
import { FileFaultError } from './download/download.ts';
import { FailingHosts, type HostState } from './failing-hosts.ts';
import { planRetry } from './retry-plan.ts';
import { TaskLease } from './task-lease.ts';
import { videoKey } from './video-key.ts';

export interface ArchiverOptions extends Omit<ArchiveDependencies, 'inMemory'> {
  readonly tasks: FileTasks;
  /** Where the archive is. */
  readonly place: ArchivePlace;
  readonly events: EventEmitter;
}

/** Tasks in progress at once. Each has at most one transfer and one temporary file. */
const CONCURRENCY = 8;
/** Milliseconds for the whole work on one task. */
const TASK_TIMEOUT_MS = 30 * 60_000;
/** Milliseconds between two looks for due tasks: other processes add them. */
const MAX_PAUSE_MS = 2000;
/** The longest pause between two tries while the store or the storage of files fails. */
const MAX_FAULT_PAUSE_MS = 30_000;
/** Milliseconds to wait when other workers have leased the due tasks. */
const OUTRUN_PAUSE_MS = 250;
/** Milliseconds after which a task of a host that fails is looked at again, at least. */
const FAILING_HOST_PAUSE_MS = 30_000;
/** Videos whose loss was reported; past it the oldest may be reported again. */
const MAX_REPORTED = 10_000;

/**
 * Leases due file tasks and makes the stored file of each job agree with the job, until it is stopped. While the storage fails, it
 * pauses and tries one task at a time.
 */
export class Archiver implements AsyncDisposable {
  readonly #options: ArchiverOptions;
  readonly #dependencies: ArchiveDependencies;
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #failingHosts = new FailingHosts();
  readonly #reported = new LRUCache<string, true>({ max: MAX_REPORTED });
  /** Consecutive failures of the storage. */
  #storageFailures = 0;
  #storagePausedUntil = -Infinity;
  #lastInMemory: Promise<unknown> = Promise.resolve();
  readonly #loop: WorkLoop;
  #addingMissing: Promise<void> = Promise.resolve();

  constructor(options: ArchiverOptions) {
    this.#options = options;
    this.#dependencies = { ...options, inMemory: (work) => this.#inMemory(work) };
    this.#loop = new WorkLoop({
      ...options,
      work: () => this.#leaseAndStart(),
      maxFaultPauseMs: MAX_FAULT_PAUSE_MS,
      fault: { part: 'archiver', message: 'the store failed; archiving pauses until it is available' },
    });
  }

  /** Does nothing after a stop. */
  start(): void {
    const { tasks, place, clock, random, events } = this.#options;
    this.#loop.start();
    const missing = { tasks, place, clock, random, events };
    this.#addingMissing = keepAddingMissingTasks(missing, this.#stopping.signal);
  }

  /** Leases no more tasks and aborts those in progress; they are due at once for other workers. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the gateway stops'));
    await Promise.all([this.#loop.stop(), this.#addingMissing]);
    await Promise.all(this.#running);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** @returns milliseconds until the next run, unless woken */
  async #leaseAndStart(): Promise<number> {
    const { clock, tasks, jobs } = this.#options;
    const now = clock.now();
    const isPaused = now < this.#storagePausedUntil;
    if (isPaused) return this.#storagePausedUntil - now;
    const limit = (this.#storageFailures > 0 ? 1 : CONCURRENCY) - this.#running.size;
    if (limit <= 0) return MAX_PAUSE_MS;
    const runAt = await tasks.nextDueAt();
    if (runAt === null || runAt > now) return Math.min(MAX_PAUSE_MS, (runAt ?? Infinity) - now);
    // The time now: a slow answer of the store must not shorten the leases.
    const leasedAt = clock.now();
    const leased = await tasks.lease({ now: leasedAt, limit, leaseUntil: leasedAt + TaskLease.MS });
    const found = await jobs.getMany(leased.map(({ jobId }) => jobId));
    for (const [index, task] of leased.entries()) this.#start(task, found[index] ?? null);
    return leased.length > 0 ? 0 : OUTRUN_PAUSE_MS;
  }

  #start(task: LeasedFileTask, job: Job | null): void {
    const running = this.#work(task, job)
      .catch((error: unknown) => {
        const { aborted, reason } = this.#stopping.signal;
        if (aborted && error === reason) return;
        // The lease expires, and then the task is due again.
        const { jobId } = task;
        const message = 'the work on a file failed; it is repeated later';
        emitFault(this.#options.events, 'archiver', 'error', message, { err: error, jobId });
      })
      .finally(() => {
        this.#running.delete(running);
        this.#loop.wake();
      });
    this.#running.add(running);
  }

  async #work(task: LeasedFileTask, job: Job | null): Promise<void> {
    const { clock, tasks } = this.#options;
    const host = hostOf(job);
    if (!this.#failingHosts.enter(host)) return this.#postpone(task);
    const startedAt = clock.now();
    await using lease = new TaskLease(task, { tasks, clock, stop: this.#stopping.signal });
    const deadline = AbortSignal.timeout(TASK_TIMEOUT_MS);
    const signal = AbortSignal.any([lease.signal, deadline]);
    let step: ArchiveStep;
    try {
      step = await archiveJob(task, job, this.#dependencies, signal);
      // Without a download the host was not asked.
      this.#failingHosts.leave(host, step.storedBytes === null ? 'unknown' : 'answering');
    } catch (thrown) {
      const error = deadline.aborted ? tookTooLong(thrown) : thrown;
      this.#failingHosts.leave(host, stateOfHost(error));
      await lease.end();
      return lease.isLost ? this.#onLost(task) : this.#onFailure(task, job, error, startedAt);
    }
    this.#storageFailures = 0;
    await lease.end();
    const { runAt, failureCount, storedBytes: bytes, isDeletion } = step;
    const isHeld =
      runAt === null ? await tasks.complete(task) : await tasks.release(task, { runAt, failureCount });
    if (!isHeld) return this.#onLost(task);
    const outcome = bytes !== null ? 'stored' : isDeletion === true ? 'deleted' : null;
    if (outcome !== null) this.#emit(task, job, startedAt, { outcome, bytes });
  }

  async #onFailure(task: LeasedFileTask, job: Job | null, error: unknown, startedAt: number): Promise<void> {
    const { clock, tasks } = this.#options;
    const { failureCount } = task;
    if (this.#stopping.signal.aborted) {
      await tasks.release(task, { runAt: clock.now(), failureCount });
    } else if (error instanceof BlobStoreError) {
      this.#pauseForStorage(error);
      this.#emit(task, job, startedAt, { outcome: 'retry', reason: error.message });
      await tasks.release(task, { runAt: this.#storagePausedUntil, failureCount });
    } else if (error instanceof StoreUnavailableError || job === null) {
      throw error;
    } else {
      await this.#retry(task, job, error, startedAt);
    }
  }

  async #retry(task: LeasedFileTask, job: Job, error: unknown, startedAt: number): Promise<void> {
    const { clock, tasks, random, retentionMs, events } = this.#options;
    const { jobId } = task;
    const kind = error instanceof FileFaultError ? error.kind : 'temporary';
    const now = clock.now();
    const failureCount = task.failureCount + 1;
    const { pauseMs, isSerious } = planRetry(job, kind, failureCount, now, random());
    const reason = error instanceof Error ? error.message : String(error);
    const isNews = isSerious && !this.#reported.has(jobId);
    if (isNews) this.#reported.set(jobId, true);
    if (!isSerious) {
      const details = { jobId, reason, ...(error instanceof FileFaultError ? {} : { err: error }) };
      const message = 'a video is not archived yet; it is tried again';
      emitFault(events, 'archiver', 'warn', message, { ...details, retryInMs: pauseMs });
    }
    const outcome = pauseMs === null ? 'lost' : 'retry';
    this.#emit(task, job, startedAt, { outcome, isNews, reason });
    await tasks.release(
      task,
      pauseMs === null
        ? { runAt: restUntil(job, now, retentionMs), failureCount: 0 }
        : { runAt: now + pauseMs, failureCount },
    );
  }

  /** The host of the file fails, and the tasks in progress show when it is back. */
  async #postpone(task: LeasedFileTask): Promise<void> {
    const { clock, tasks, random } = this.#options;
    const runAt = clock.now() + Math.round(FAILING_HOST_PAUSE_MS * (1 + random()));
    await tasks.release(task, { runAt, failureCount: task.failureCount });
  }

  /**
   * Another worker has the task, or the job was removed. In the second case this worker may have stored the file after it was deleted.
   */
  async #onLost({ jobId }: LeasedFileTask): Promise<void> {
    const { jobs, blobs } = this.#options;
    // A stop does not wait for it: the task of a removed job deletes the file later.
    if (!(await jobs.isStored(jobId))) await blobs.delete(videoKey(jobId), this.#stopping.signal);
  }

  #pauseForStorage(error: BlobStoreError): void {
    const { clock, random } = this.#options;
    // Tasks that were in progress together fail together.
    if (clock.now() >= this.#storagePausedUntil) {
      const pauseMs = Math.min(MAX_FAULT_PAUSE_MS, backoffMs(++this.#storageFailures, random()));
      this.#storagePausedUntil = clock.now() + pauseMs;
    }
    const message = 'the archive cannot be used; no video is archived until it can';
    emitFault(this.#options.events, 'archiver', 'error', message, { err: error });
  }

  #emit(
    { jobId }: LeasedFileTask,
    job: Job | null,
    startedAt: number,
    result: Pick<ArchiveEvent, 'outcome'> & Partial<ArchiveEvent>,
  ): void {
    const { clock, events } = this.#options;
    const traceparent = job?.traceparent ?? null;
    const durationMs = clock.now() - startedAt;
    const none = { isNews: false, bytes: null, reason: null };
    events.emit('archive', { jobId, traceparent, startedAt, durationMs, ...none, ...result });
  }

  #inMemory<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#lastInMemory.then(work);
    this.#lastInMemory = result.catch(() => {});
    return result;
  }
}

/** Null when the job has no file at a host. */
function hostOf(job: Job | null): string | null {
  const url = job?.video?.url ?? null;
  return url === null ? null : (URL.parse(url)?.host ?? null);
}

function stateOfHost(error: unknown): HostState {
  if (!(error instanceof FileFaultError)) return 'unknown';
  return error.kind === 'host' ? 'failing' : 'answering';
}

function tookTooLong(cause: unknown): FileFaultError {
  return new FileFaultError(`it took longer than ${TASK_TIMEOUT_MS / 60_000} minutes`, 'host', { cause });
}

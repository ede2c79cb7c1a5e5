import type { Clock } from '../domain/clock.ts';
import type { FileTasks, LeasedFileTask } from '../store/file-tasks.ts';

export interface TaskLeaseOptions {
  readonly tasks: Pick<FileTasks, 'extend'>;
  readonly clock: Clock;
  /** Aborts the work. */
  readonly stop: AbortSignal;
}

/** Prolongs the lease of a task while the work on it lasts. */
export class TaskLease implements AsyncDisposable {
  /** Milliseconds of a lease. */
  static readonly MS = 60_000;
  /** Milliseconds between two prolongations: two may fail. */
  static readonly RENEWAL_MS = 20_000;
  readonly #task: LeasedFileTask;
  readonly #options: TaskLeaseOptions;
  readonly #ended = new AbortController();
  readonly #lost = new AbortController();
  readonly #renewal: Promise<void>;

  constructor(task: LeasedFileTask, options: TaskLeaseOptions) {
    this.#task = task;
    this.#options = options;
    this.#renewal = this.#renew();
  }

  /** Aborts when the lease no longer holds, and when the work is stopped. */
  get signal(): AbortSignal {
    return AbortSignal.any([this.#lost.signal, this.#options.stop]);
  }

  /** Whether another worker may have the task. */
  get isLost(): boolean {
    return this.#lost.signal.aborted;
  }

  /** Ends the prolongation, so that none comes after the task is released. */
  async end(): Promise<void> {
    this.#ended.abort();
    await this.#renewal;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  async #renew(): Promise<void> {
    const { tasks, clock } = this.#options;
    const ended = this.#ended.signal;
    let until = clock.now() + TaskLease.MS;
    for (;;) {
      await clock.sleep(TaskLease.RENEWAL_MS, ended);
      if (ended.aborted) return;
      const next = clock.now() + TaskLease.MS;
      // While the store is unavailable, no other worker can take the task before the lease expires.
      const isHeld = await tasks.extend(this.#task, next).catch(() => null);
      if (isHeld === true) until = next;
      if (isHeld === false || (isHeld === null && clock.now() >= until)) {
        this.#lost.abort(new Error('the lease of the file task no longer holds'));
        return;
      }
    }
  }
}

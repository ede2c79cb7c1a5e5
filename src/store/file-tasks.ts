/**
 * The port to the queue of file tasks: durable work on the files of jobs. A job has at most one task. It exists from the save that
 * completed the job until the job is gone and its file is deleted, so no crash loses a file or leaves an orphan: the worker that leases a
 * task makes the file agree with the job. All methods reject with `StoreUnavailableError` when the store cannot be reached.
 */

/** A task that one worker holds until the lease runs out. */
export interface LeasedFileTask {
  readonly jobId: string;
  /** Unique; a later lease of the same task has another. */
  readonly leaseId: string;
  /** Consecutive failures; once the job is gone, deletions of its file. */
  readonly failureCount: number;
}

/** Selects tasks to lease. */
export interface FileTaskQuery {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly limit: number;
  /** When the lease expires, in epoch milliseconds. A task that is still leased then is due again for any worker. */
  readonly leaseUntil: number;
}

/** When a task is due next. */
export interface FileTaskSchedule {
  /** Epoch milliseconds. */
  readonly runAt: number;
  readonly failureCount: number;
}

/** The queue of file tasks. */
export interface FileTasks {
  /**
   * Adds the tasks of completed jobs that have none, of one slice of all jobs: those that were completed without an archive. Jobs whose
   * video has expired get none.
   *
   * @param cursor null for the first slice, then the result of the call before
   * @param limit about how many jobs a slice has
   * @param now in epoch milliseconds; the tasks are due then
   * @returns null after the last slice
   */
  addMissing(cursor: string | null, limit: number, now: number): Promise<string | null>;
  /**
   * Makes the tasks of one slice of all jobs due, so that a worker looks at their files. Tasks that are leased stay as they are, and so do
   * those with failures: nothing is stored for them yet, and they are due again soon.
   *
   * @param cursor as for `addMissing`
   * @param limit as for `addMissing`
   * @param now in epoch milliseconds; the tasks are due then
   * @returns null after the last slice
   */
  makeDue(cursor: string | null, limit: number, now: number): Promise<string | null>;
  /** Leases due tasks, the longest due first. */
  lease(query: FileTaskQuery): Promise<LeasedFileTask[]>;
  /** Prolongs a lease. @returns false when it no longer holds: the job was removed meanwhile, or another worker has the task */
  extend(task: LeasedFileTask, leaseUntil: number): Promise<boolean>;
  /** Ends a lease; the task is due later. @returns as `extend`; false: nothing was changed */
  release(task: LeasedFileTask, schedule: FileTaskSchedule): Promise<boolean>;
  /** Deletes a leased task. @returns as `extend`; false: nothing was deleted */
  complete(task: LeasedFileTask): Promise<boolean>;
  /** Returns when the next task is due or the next lease expires, in epoch milliseconds; null when there is none. */
  nextDueAt(): Promise<number | null>;
}

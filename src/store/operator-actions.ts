import type { Job } from '../domain/job/job.ts';
import type { ScheduledJob } from './backlog.ts';

/** The result of putting a quarantined record back. */
export type ReleaseRecordOutcome =
  /** The job continues: an unfinished one is due at once. */
  | { readonly type: 'released'; readonly job: Job }
  /** The record is still not that of a job, for this reason. Nothing was changed. */
  | { readonly type: 'unreadable'; readonly error: string }
  /** There is no such record in the quarantine. */
  | { readonly type: 'missing' };

/**
 * The port to what operators can do about single jobs. All methods reject with `StoreUnavailableError` when the store cannot be reached,
 * and may be repeated.
 */
export interface OperatorActions {
  /** Puts back a record that was repaired. */
  releaseRecord(id: string, now: number): Promise<ReleaseRecordOutcome>;
  /** Returns the schedule of an unfinished job; null when there is no such job. */
  findScheduled(id: string, now: number): Promise<ScheduledJob | null>;
  /**
   * Makes a job due at once, if it is not leased and still due when it was read. Its other fields stay.
   *
   * @returns false when a poller was faster: nothing was changed
   */
  makeDue(scheduled: ScheduledJob, now: number): Promise<boolean>;
}

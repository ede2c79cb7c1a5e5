import type { Job } from '../domain/job/job.ts';

/** Maximum numbers of jobs, the new job included. 0 = no limit, except for `unfinished`, which is at least 1. */
export interface JobLimits {
  /** Unfinished jobs of all owners. */
  readonly unfinished: number;
  readonly unfinishedPerOwner: number;
  /** Jobs of all owners that were accepted within `DAY_MS`, without those that `isUncharged`. */
  readonly perDay: number;
  readonly perDayPerOwner: number;
}

/** Why a job is not accepted. */
export interface LimitRefusal {
  /** The limit that is used up. The owner's limits are checked first. */
  readonly limit: keyof JobLimits;
  /** Milliseconds until a retry may succeed, at least 1. */
  readonly retryAfterMs: number;
}

/** Milliseconds from its acceptance for which a job counts towards the daily limits. */
export const DAY_MS = 24 * 60 * 60 * 1000;

/** Milliseconds to wait while there are too many unfinished jobs. With many jobs in progress one ends soon. */
export const UNFINISHED_RETRY_MS = 10_000;

/** Whether a job certainly ended without cost, so that it no longer counts towards the daily limits. */
export function isUncharged({ phase, failure }: Job): boolean {
  return phase === 'failed' && failure?.charged === 'NO';
}

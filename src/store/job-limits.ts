import type { Job } from '../domain/job/job.ts';

/** How many jobs there may be, the one to be accepted included. 0 = no limit, except for `unfinished`, which is at least 1. */
export interface JobLimits {
  /** Unfinished jobs of all owners together. */
  readonly unfinished: number;
  readonly unfinishedPerOwner: number;
  /** Jobs of all owners together that were accepted within `DAY_MS`, those that `isGivenBack` left out. */
  readonly perDay: number;
  readonly perDayPerOwner: number;
}

/** Why a job is not accepted. */
export interface LimitRefusal {
  /** The limit that is used up; an owner's own ones are looked at first. */
  readonly limit: keyof JobLimits;
  /** Milliseconds until it is worth to try again, at least 1. */
  readonly retryAfterMs: number;
}

/** Milliseconds for which a job counts as one of the day's, from its acceptance. */
export const DAY_MS = 24 * 60 * 60 * 1000;

/** Milliseconds to wait while there are too many unfinished jobs: with many under way one ends soon. */
export const UNFINISHED_RETRY_MS = 10_000;

/** Whether a job ended for certain without cost, so that it is not one of the day's any more. */
export function isGivenBack({ phase, failure }: Job): boolean {
  return phase === 'failed' && failure?.charged === 'NO';
}

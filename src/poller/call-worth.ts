import { latenessMs } from '../domain/poll-plan.ts';
import { type DueJob, isUrgent } from '../store/job-store.ts';
import type { LearnedDurations } from './learned-durations.ts';

/**
 * In milliseconds of lateness: more than polls are worth in any usual load. A job that has probably been done for longer
 * is looked at before another one is submitted, or none would ever be collected while many wait.
 */
const SUBMIT_WORTH = 15_000;
/** A result is worth that much, and more with each millisecond that it has been waiting. */
const RESULT_WORTH = 10_000;
/** A job that has less than so many times its expected run left would be paid for and probably not be done in time. */
const IN_TIME = 1.5;
/** Below all that a poll can be worth. */
const LAST = -1e15;

/**
 * How the calls that jobs are due for are ranked when not all can be made: submissions first, then results, then polls
 * by the time for which the job has probably been done unseen; those that have waited for too long come before all.
 *
 * @param now epoch milliseconds
 * @param probing the call is to show whether the upstream lives: rather a poll than a submission, whose answer may be
 *   lost
 */
export function callWorth(
  durations: Pick<LearnedDurations, 'expected'>,
  now: number,
  probing: boolean,
): (due: DueJob) => number {
  return ({ job, seenAt }) => {
    const expected = durations.expected(job.request);
    if (isUrgent(job)) {
      if (job.phase === 'collecting') return probing ? LAST / 2 : RESULT_WORTH + (now - job.updatedAt);
      const inTime = job.deadlineAt - now > IN_TIME * expected.run.median;
      return inTime && !probing ? SUBMIT_WORTH : LAST;
    }
    const submittedAt = job.submittedAt ?? job.createdAt;
    const running = { submittedAt, startedAt: job.startedAt, seenAt: seenAt ?? submittedAt };
    return latenessMs(running, expected, now);
  };
}

import { latenessMs } from '../domain/poll-plan.ts';
import { type DueJob, isUrgent } from '../store/job-store.ts';
import type { LearnedDurations } from './learned-durations.ts';

/** Above all that a poll can be worth, in milliseconds of lateness. */
const RESULT_WORTH = 1e15;
const SUBMIT_WORTH = 2e15;

/**
 * How the calls that jobs are due for are ranked when not all can be made: submissions first, then results, then polls
 * by the time for which the job has probably been done unseen.
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
    if (isUrgent(job)) {
      const worth = job.phase === 'collecting' ? RESULT_WORTH : SUBMIT_WORTH;
      return probing ? -worth : worth;
    }
    const submittedAt = job.submittedAt ?? job.createdAt;
    const running = { submittedAt, startedAt: job.startedAt, seenAt: seenAt ?? submittedAt };
    return latenessMs(running, durations.expected(job.request), now);
  };
}

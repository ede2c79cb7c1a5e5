import { latenessMs } from '../domain/polling/poll-plan.ts';
import type { DueJob } from '../store/job-store.ts';
import type { LearnedDurations } from './learned-durations.ts';

/**
 * All in milliseconds of lateness, see `domain/polling/poll-plan.ts`. A job that has probably been done for longer than this is
 * polled before another one is submitted, or none would ever be collected while many wait.
 */
const SUBMIT_PRIORITY = 15_000;
/** More than a poll can have: a result is known to be there, was paid for, and is kept for a limited time. */
const RESULT_PRIORITY = 1e9;
/** A job that has less than so many times its expected run left would be paid for and probably not be done in time. */
const IN_TIME = 2;
/** Below all that a poll can have. */
const LAST = -1e15;
/**
 * While probing: a submission is below all polls of jobs that have not failed, each failure of a job counts more than
 * that, and a submission that has failed is below all else.
 */
const PROBE_SUBMIT = -1e7;
const PROBE_FAILING = 1e8;
/** Failures after which a job's priority is not lowered any further. */
const MAX_HALVINGS = 6;

/**
 * How the calls that jobs are due for are ranked when not all can be made: results first, then submissions, then polls by
 * the time for which the job has probably been done unseen; a poll that is very late comes before a submission. Each
 * failure in a row halves a job's priority, so that jobs that keep failing wait for those that do not, but not for ever.
 *
 * @param now epoch milliseconds
 * @param probing the call is to show whether the upstream is back: rather about a job that has not failed, and of those
 *   rather a poll than a submission, whose answer may be lost
 * @returns a number that is the higher the more important the call is
 */
export function callPriority(
  durations: Pick<LearnedDurations, 'expected'>,
  now: number,
  probing: boolean,
): (due: DueJob) => number {
  const ofHealthy = ({ job, lastPolledAt }: DueJob): number => {
    const expected = durations.expected(job.request);
    if (job.phase === 'collecting') return RESULT_PRIORITY + (now - job.updatedAt);
    if (job.phase === 'accepted' || job.phase === 'submitting') {
      return job.deadlineAt - now > IN_TIME * expected.run.median ? SUBMIT_PRIORITY : LAST;
    }
    const submittedAt = job.submittedAt ?? job.createdAt;
    return latenessMs(
      { submittedAt, startedAt: job.startedAt, lastPolledAt: lastPolledAt ?? submittedAt },
      expected,
      now,
    );
  };
  return (due) => {
    const priority = ofHealthy(due);
    if (probing && due.job.submittedAt === null) return PROBE_SUBMIT * (1 + PROBE_FAILING * due.failureCount);
    if (probing) return priority - PROBE_FAILING * due.failureCount;
    return priority <= 0 ? priority : priority / 2 ** Math.min(due.failureCount, MAX_HALVINGS);
  };
}

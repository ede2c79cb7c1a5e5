import { latenessMs } from '../domain/polling/poll-plan.ts';
import type { DueJob } from '../store/job-store.ts';
import type { LearnedDurations } from './learned-durations.ts';

/**
 * In milliseconds of lateness, see `domain/polling/poll-plan.ts`. A job that has probably been done for longer than this is polled
 * before another one is submitted. Otherwise no job would be collected while many wait.
 */
export const SUBMIT_PRIORITY = 15_000;
/** Above every poll: a result was paid for and is kept for a limited time. */
const RESULT_PRIORITY = 1e9;
/** A job with less time left than this many expected runs would be paid for and probably miss its deadline. */
const MIN_RUNS_LEFT = 2;
/** Below every poll. */
const LOWEST_PRIORITY = -1e15;
/**
 * While probing, a submission is below all polls of jobs without failures. Each failure of a job lowers its priority further, and a
 * submission that has failed is last.
 */
const PROBE_SUBMIT = -1e7;
const PROBE_FAILING = 1e8;
/** The number of failures after which a job's priority is not lowered further. */
const MAX_HALVINGS = 6;

/**
 * Ranks the due calls when not all can be made: results first, then submissions, then polls by lateness. A very late poll precedes a
 * submission. Each failure in a row halves a job's priority, so that failing jobs wait for the others, but not forever.
 *
 * @param now epoch milliseconds
 * @param probing the call probes whether the upstream is back. It prefers jobs without failures, and polls over submissions, whose answer
 *   may be lost.
 * @returns a higher number for a more important call
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
      return job.deadlineAt - now > MIN_RUNS_LEFT * expected.run.median ? SUBMIT_PRIORITY : LOWEST_PRIORITY;
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

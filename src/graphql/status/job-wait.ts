import type { JobPhase } from '../../domain/job/job.ts';
import type { CallBudgetStatus } from '../../domain/polling/call-budget-rules.ts';
import type { ScheduledJob, UnfinishedPhase } from '../../store/backlog.ts';
import { shortError } from '../short-error.ts';

/** What an unfinished job waits for. */
export type JobWait =
  | 'leased'
  | 'failures'
  | 'submission-check'
  | 'upstream'
  | 'circuit-open'
  | 'rate-limit'
  | 'no-poller'
  | 'due';

/** What the wait of a job depends on besides its schedule. */
export interface WaitFacts {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly budget: CallBudgetStatus;
  /** Whether an instance that moves jobs is known to run. */
  readonly hasPoller: boolean;
}

/** What an operator reads about an unfinished job. */
export interface GatewayJob extends ScheduledJob {
  readonly wait: JobWait;
  /** For people, at most two sentences. */
  readonly reason: string;
  /** Epoch milliseconds; null: as soon as a call or a poller is free. */
  readonly nextStepAt: number | null;
  /** See `mayRetryNow`. */
  readonly isRetryable: boolean;
}

/** An instance of an earlier version does not announce itself, but moves due jobs within this time in milliseconds. */
const POLLER_PATIENCE_MS = 10_000;

const AT_UPSTREAM: Readonly<Record<UnfinishedPhase, string>> = {
  accepted: 'It was accepted and is sent next.',
  submitting: 'It is being sent to the upstream.',
  settling:
    'The answer to its submission was lost. The gateway looks for the request in the upstream’s history.',
  queued: 'The upstream has it in its queue. It is polled from time to time.',
  processing: 'The upstream is making the video. It is polled from time to time.',
  collecting: 'The upstream has made the video. The gateway fetches it.',
};

/** Explains why a job waits. */
export function explainWait(scheduled: ScheduledJob, facts: WaitFacts): GatewayJob {
  const wait = waitOf(scheduled, facts);
  return {
    ...scheduled,
    wait,
    reason: reasonOf(wait, scheduled, facts),
    nextStepAt: nextStepOf(wait, scheduled, facts),
    isRetryable: mayRetryNow(scheduled, facts.now),
  };
}

/**
 * Whether a job may be made due at once: its last calls failed, and it is paused because of that. Not while the upstream's history is
 * searched for it, or after an answer without a video: a job ends after a number of these, which are spread over time on purpose.
 */
export function mayRetryNow(
  { job, failureCount, notes, runAt, isLeased }: ScheduledJob,
  now: number,
): boolean {
  const isCounted = job.phase === 'settling' || notes.emptyResults !== undefined;
  return failureCount > 0 && runAt > now && !isLeased && !isCounted;
}

function waitOf(
  { job, failureCount, runAt, isLeased }: ScheduledJob,
  { now, budget, hasPoller }: WaitFacts,
): JobWait {
  if (isLeased) return 'leased';
  if (runAt > now) {
    // A pause does not delay a job for which there is no call anyway.
    if (failureCount > 0 && budget.nextProbeAt !== null) return 'circuit-open';
    if (failureCount > 0) return budget.pausedUntil === null ? 'failures' : 'rate-limit';
    return job.phase === 'settling' ? 'submission-check' : job.submittedAt === null ? 'due' : 'upstream';
  }
  if (budget.nextProbeAt !== null) return 'circuit-open';
  if (budget.remaining === 0) return 'rate-limit';
  return hasPoller || now - runAt < POLLER_PATIENCE_MS ? 'due' : 'no-poller';
}

function reasonOf(
  wait: JobWait,
  { job, failureCount, notes: { lastError } }: ScheduledJob,
  { budget }: WaitFacts,
): string {
  switch (wait) {
    case 'leased':
      return 'A poller makes its next step. If that poller is gone, another one takes over when the lease expires.';
    case 'failures': {
      const calls = failureCount === 1 ? 'Its last call' : `Its last ${failureCount} calls`;
      const why = lastError === undefined ? '' : ` The last error: ${withoutBody(lastError)}`;
      return `${calls} failed, so it pauses before the next one.${why}`;
    }
    case 'circuit-open':
      return 'The upstream does not answer. One call every few seconds probes whether it is back.';
    case 'rate-limit':
      return budget.pausedUntil === null
        ? 'The calls that the upstream allows in a minute are used up. Jobs get the next ones in the order of their priority.'
        : 'The upstream answered 429, so all calls are paused.';
    case 'no-poller':
      return 'It is due, but no instance that moves jobs is running.';
    case 'submission-check':
    case 'upstream':
      return isUnfinished(job.phase) ? AT_UPSTREAM[job.phase] : 'It has ended.';
    case 'due':
      return 'It is due. A poller takes it next.';
  }
}

/** An error whose answer, which may quote the prompt, is reduced to its status. */
function withoutBody(error: string): string {
  return shortError(error.replace(/^(HTTP \d+): .*$/s, '$1.'));
}

function nextStepOf(wait: JobWait, { runAt }: ScheduledJob, { now, budget }: WaitFacts): number | null {
  if (wait === 'rate-limit' && budget.pausedUntil !== null) return Math.max(runAt, budget.pausedUntil);
  if (runAt > now) return runAt;
  return wait === 'circuit-open' ? budget.nextProbeAt : null;
}

function isUnfinished(phase: JobPhase): phase is UnfinishedPhase {
  return phase in AT_UPSTREAM;
}

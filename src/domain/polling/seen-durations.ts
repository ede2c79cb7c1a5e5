import {
  agrees,
  type Bracket,
  type DurationSample,
  type ExpectedDurations,
  expectedWithin,
  narrowedTo,
  queueSamples,
  runSamples,
} from './duration-model.ts';
import type { Job, JobMetrics } from '../job/job.ts';

/** A status call about a job that the upstream has taken. */
export interface StatusPoll {
  /** As it was before the call. */
  readonly job: Job;
  /** When it was last seen not done, in epoch milliseconds; null when it has not been polled. */
  readonly lastPolledAt: number | null;
  /** When the call was answered, in epoch milliseconds. */
  readonly at: number;
  readonly expected: ExpectedDurations;
}

/** What is known of a job's beginning, and what a poll teaches. */
export interface Seen {
  /** About when it began, in epoch milliseconds. */
  readonly startedAt: number;
  readonly learned: readonly DurationSample[];
}

/** What is known once a job is seen running. */
export function seenRunning(poll: StatusPoll): Seen {
  const { job, expected } = poll;
  if (job.startedAt !== null) return { startedAt: job.startedAt, learned: [] };
  const from = job.submittedAt ?? poll.at;
  const wait = sinceLastPoll(poll, from);
  return {
    startedAt: Math.round(from + expectedWithin(expected.queue, wait)),
    learned: queueSamples(expected, wait),
  };
}

/**
 * What is known once a job is seen done. When it was never seen running, its beginning is estimated: by the time that it
 * waited, as the upstream tells it, or by what is expected of waits that leave room for the run that the upstream tells;
 * both only where they agree with what the polls showed.
 */
export function seenDone(poll: StatusPoll, metrics: JobMetrics | null): Seen {
  const { job, expected } = poll;
  const from = job.submittedAt ?? poll.at;
  const queueMs = milliseconds(metrics?.queueSeconds);
  const runMs = milliseconds(metrics?.inferenceSeconds);
  const seen = possibleWait(poll, from, runMs);
  const wait = narrowedTo(seen, queueMs);
  const beganAt = Math.round(from + expectedWithin(expected.queue, wait));
  const startedAt = job.startedAt ?? beganAt;
  const isTold = agrees(seen, queueMs);
  const ran = sinceLastPoll(poll, isTold ? beganAt : startedAt);
  return {
    startedAt,
    learned: [
      // The wait of a job that was seen running has been learned from the polls; the exact one teaches more.
      ...(job.startedAt === null || isTold ? queueSamples(expected, wait) : []),
      ...runSamples(expected, job.request, ran, runMs),
    ],
  };
}

/** How long a job that is done may have waited. */
function possibleWait(poll: StatusPoll, from: number, runMs: number | null): Bracket {
  const { job, at } = poll;
  // A job in `processing` last changed when it was seen running.
  if (job.startedAt !== null) return { low: 0, high: Math.max(0, job.updatedAt - from) };
  const seen = sinceLastPoll(poll, from);
  const beforeRun = at - from - (runMs ?? 0);
  return beforeRun < seen.low ? seen : { low: seen.low, high: Math.min(seen.high, beforeRun) };
}

function milliseconds(seconds: number | null | undefined): number | null {
  return seconds === null || seconds === undefined ? null : seconds * 1000;
}

/** The time between the last poll and this one, as durations from a time on. */
function sinceLastPoll({ job, lastPolledAt, at }: StatusPoll, from: number): Bracket {
  const low = Math.max(0, (lastPolledAt ?? job.submittedAt ?? from) - from);
  return { low, high: Math.max(low, at - from) };
}

import type { JobIn, JobMetrics } from '../job/job.ts';
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

/** A status call about a job at the upstream. */
export interface StatusPoll {
  /** The job before the call. */
  readonly job: JobIn<'queued' | 'processing'>;
  /** When the last poll showed it as not done, in epoch milliseconds; null: it has not been polled. */
  readonly lastPolledAt: number | null;
  /** When the call was answered, in epoch milliseconds. */
  readonly at: number;
  readonly expected: ExpectedDurations;
}

/** The conclusions from a poll. */
export interface Learned {
  /** Estimate of when the job began, in epoch milliseconds. */
  readonly startedAt: number;
  /** For the duration model. */
  readonly learned: readonly DurationSample[];
}

/** Learns from a poll that shows a job as running. */
export function learnFromRunning(poll: StatusPoll): Learned {
  const { job, expected } = poll;
  if (job.startedAt !== null) return { startedAt: job.startedAt, learned: [] };
  const from = job.submittedAt;
  const wait = sinceLastPoll(poll, from);
  return {
    startedAt: Math.round(from + expectedWithin(expected.queue, wait)),
    learned: queueSamples(expected, wait),
  };
}

/**
 * Learns from a poll that shows a job as done. If no poll showed it as running, its beginning is estimated from the upstream's queue
 * time, or from the expected wait that leaves room for the upstream's run time. The upstream's times count only when they agree
 * with the polls.
 */
export function learnFromDone(poll: StatusPoll, metrics: JobMetrics | null): Learned {
  const { job, expected } = poll;
  const from = job.submittedAt;
  const queueMs = milliseconds(metrics?.queueSeconds);
  const runMs = milliseconds(metrics?.inferenceSeconds);
  const seen = possibleWait(poll, from, runMs);
  const wait = narrowedTo(seen, queueMs);
  const beganAt = Math.round(from + expectedWithin(expected.queue, wait));
  const startedAt = job.startedAt ?? beganAt;
  const agreesWithPolls = agrees(seen, queueMs);
  const ran = sinceLastPoll(poll, agreesWithPolls ? beganAt : startedAt);
  return {
    startedAt,
    learned: [
      // The wait was learned from the poll that showed the job as running. It is learned again when the exact wait is known.
      ...(job.startedAt === null || agreesWithPolls ? queueSamples(expected, wait) : []),
      ...runSamples(expected, job.request, ran, runMs),
    ],
  };
}

/** How long a finished job may have waited. */
function possibleWait(poll: StatusPoll, from: number, runMs: number | null): Bracket {
  const { job, at } = poll;
  // A job in `processing` last changed when a poll showed it as running.
  if (job.startedAt !== null) return { low: 0, high: Math.max(0, job.updatedAt - from) };
  const seen = sinceLastPoll(poll, from);
  const beforeRun = at - from - (runMs ?? 0);
  return beforeRun < seen.low ? seen : { low: seen.low, high: Math.min(seen.high, beforeRun) };
}

function milliseconds(seconds: number | null | undefined): number | null {
  return seconds === null || seconds === undefined ? null : seconds * 1000;
}

/** The time between the last poll and this one, as durations since `from`. */
function sinceLastPoll({ job, lastPolledAt, at }: StatusPoll, from: number): Bracket {
  const low = Math.max(0, (lastPolledAt ?? job.submittedAt) - from);
  return { low, high: Math.max(low, at - from) };
}

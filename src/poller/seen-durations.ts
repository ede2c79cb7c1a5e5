import {
  type Bracket,
  type DurationSample,
  type ExpectedDurations,
  expectedWithin,
  queueSamples,
  runSamples,
} from '../domain/duration-model.ts';
import type { Job, JobMetrics } from '../domain/job.ts';

/** A status call about a job that the upstream has taken. */
export interface Look {
  /** As it was before the call. */
  readonly job: Job;
  /** When it was last seen not done, in epoch milliseconds; null when it has not been looked at. */
  readonly seenAt: number | null;
  /** When the call was answered, in epoch milliseconds. */
  readonly at: number;
  readonly expected: ExpectedDurations;
}

/** What is known once a job is seen running: about when it began, in epoch milliseconds, and what that teaches. */
export function seenRunning(look: Look): { startedAt: number; learned: DurationSample[] } {
  const { job, expected } = look;
  if (job.startedAt !== null) return { startedAt: job.startedAt, learned: [] };
  const from = job.submittedAt ?? look.at;
  const wait = sinceLastLook(look, from);
  const startedAt = Math.round(from + expectedWithin(expected.queue, wait));
  return { startedAt, learned: queueSamples(expected, wait) };
}

/** What is learned once a job is seen done: how long it ran and, if it was not seen running before, how long it waited. */
export function seenDone(look: Look, metrics: JobMetrics | null): DurationSample[] {
  const { startedAt, learned } = seenRunning(look);
  const seconds = metrics?.inferenceSeconds ?? null;
  const toldMs = seconds === null ? null : seconds * 1000;
  return [...learned, ...runSamples(look.expected, look.job.request, sinceLastLook(look, startedAt), toldMs)];
}

/** The time between the last look and this one, as durations from a time on. */
function sinceLastLook({ job, seenAt, at }: Look, from: number): Bracket {
  const low = Math.max(0, (seenAt ?? job.submittedAt ?? from) - from);
  return { low, high: Math.max(low, at - from) };
}

/**
 * When waiting jobs are expected to be sent while the call budget is short. A submission waits for the submissions ahead of it, and
 * for the calls of jobs at the upstream that are due before it, see `poller/call-priority.ts`: their polls and their result. So after an
 * idle time the first submissions follow each other at the rate of the budget, and then pause while those jobs are collected.
 */
import type { ExpectedDurations } from './duration-model.ts';
import { latenessMs } from './poll-plan.ts';

/** The calls of a job at the upstream. */
export interface PendingCalls {
  /** From then on they precede submissions; epoch milliseconds. */
  readonly dueAt: number;
  /** The expected number; may be a fraction. */
  readonly calls: number;
}

/** The calls that each submission leads to. */
export interface CallsPerJob {
  /** Milliseconds from the submission until they precede other submissions. */
  readonly delayMs: number;
  readonly calls: number;
}

/** The calls that the budget will grant. */
export interface GrantedCalls {
  /** Epoch milliseconds. */
  readonly nextAt: number;
  readonly intervalMs: number;
}

/** Beyond this number of submissions the rate is constant. */
const MAX_SIMULATED = 1000;
/** The result of a job is fetched by one call after the last poll. */
const RESULT_CALLS = 1;
/** Halvings of the time in which the polls of a job are looked for: down to a hundredth of a run. */
const SEARCH_STEPS = 10;
/** In expected runs. */
const SEARCH_LIMIT = 8;

/**
 * The calls of a job, when a poll precedes submissions as soon as its lateness reaches a threshold. A poll that is too early is followed
 * by one that is late enough.
 *
 * @param latenessThresholdMs see `latenessMs`
 */
export function callsPerJob(expected: ExpectedDurations, latenessThresholdMs: number): CallsPerJob {
  const { queue, run } = expected;
  const sent = { submittedAt: 0, startedAt: null, lastPolledAt: 0 };
  let low = 0;
  let high = SEARCH_LIMIT * (queue.median + run.median) + latenessThresholdMs;
  for (let step = 0; step < SEARCH_STEPS; step += 1) {
    const middle = (low + high) / 2;
    if (latenessMs(sent, expected, middle) < latenessThresholdMs) low = middle;
    else high = middle;
  }
  const tooEarly = run.survival(high - queue.median);
  return { delayMs: high, calls: 1 + tooEarly + RESULT_CALLS };
}

/**
 * Forecasts the submissions of waiting jobs.
 *
 * @param count number of submissions, at least 1
 * @param pending the jobs at the upstream
 * @returns the expected time of a submission in epoch milliseconds, by its position from 0
 */
export function forecastSubmissions(
  count: number,
  { nextAt, intervalMs }: GrantedCalls,
  pending: readonly PendingCalls[],
  perJob: CallsPerJob,
): (position: number) => number {
  const queue = pending.toSorted((a, b) => a.dueAt - b.dueAt);
  const times: number[] = [];
  let first = 0;
  // Calls that were granted for the first job in the queue.
  let used = 0;
  for (let at = nextAt; times.length < Math.min(count, MAX_SIMULATED); at += intervalMs) {
    let head = queue[first];
    if (head === undefined || head.dueAt > at) {
      times.push(at);
      queue.push({ dueAt: at + perJob.delayMs, calls: perJob.calls });
      continue;
    }
    used += 1;
    while (head !== undefined && head.dueAt <= at && used >= head.calls) {
      used -= head.calls;
      first += 1;
      head = queue[first];
    }
  }
  const last = times.at(-1) ?? nextAt;
  return (position) =>
    times[position] ?? last + (position + 1 - times.length) * (1 + perJob.calls) * intervalMs;
}

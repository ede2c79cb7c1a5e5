/**
 * When a job is expected to be done, as it is told to those who wait. A forecast is stored with the job whenever
 * something new is known of it, and what it says at any later time follows from it and the time alone: so it is the
 * same from every instance, and does not jump when the model learns.
 */
import { sumOf } from '../polling/duration-distribution.ts';
import type { ExpectedDurations } from '../polling/duration-model.ts';
import { halfwayBeyond } from '../polling/normal.ts';

/** A stored forecast. Times are epoch milliseconds. */
export interface Forecast {
  /** When it was made, and the progress that had been told by then. */
  readonly madeAt: number;
  readonly progress: number;
  /** The job ends a lognormal duration after this; its logarithm has this mean and standard deviation. */
  readonly from: number;
  readonly mu: number;
  readonly sigma: number;
}

/** The progress that is told when the expected time is up. */
const PROGRESS_WHEN_DUE = 0.9;
/** By what part of its age so far a job is expected to grow older at least. */
const OVERDUE_SHARE = 1.1;

/** The forecast for a job that the upstream has just taken. */
export function forecastWaiting(expected: ExpectedDurations, submittedAt: number): Forecast {
  return forecastUnsent(expected, submittedAt, 0);
}

/** The forecast for a job that is expected to be sent in so many milliseconds. */
export function forecastUnsent({ queue, run }: ExpectedDurations, now: number, waitMs: number): Forecast {
  return { madeAt: now, progress: 0, from: now + waitMs, ...sumOf(queue.main, run.main) };
}

/** The forecast for a job that the upstream works on, following an earlier one. */
export function forecastRunning(
  { run }: ExpectedDurations,
  startedAt: number,
  madeAt: number,
  earlier: Forecast | null,
): Forecast {
  return { madeAt, progress: progressAt(earlier, madeAt), from: startedAt, ...run.main };
}

/**
 * The time by which a job that is not done yet is as likely done as not, in epoch milliseconds: never behind `now`, and
 * ahead of it by a tenth of the job's age at least, so that it is the further ahead the longer the job is overdue.
 */
export function expectedAt({ from, mu, sigma }: Forecast, now: number): number {
  const age = Math.max(0, now - from);
  const z = (Math.log(age) - mu) / sigma;
  const median = Math.exp(mu + sigma * halfwayBeyond(z));
  return Math.max(now, from + Math.max(median, OVERDUE_SHARE * age));
}

/**
 * The estimated share of the work that is done, from 0 to under 1. With x the time since the forecast as a multiple of
 * what was then expected to remain, the share of the remaining work is 0.9·x up to x = 1 and 1 − 0.1/x after it.
 *
 * @param forecast null: nothing is known, 0
 */
export function progressAt(forecast: Forecast | null, now: number): number {
  if (forecast === null || now <= forecast.madeAt) return forecast?.progress ?? 0;
  const { madeAt, progress } = forecast;
  const x = (now - madeAt) / Math.max(1, expectedAt(forecast, madeAt) - madeAt);
  const share = x <= 1 ? PROGRESS_WHEN_DUE * x : 1 - (1 - PROGRESS_WHEN_DUE) / x;
  return progress + (1 - progress) * share;
}

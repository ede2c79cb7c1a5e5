/**
 * When a job is expected to be done. A forecast is stored with the job when the job changes. Progress and expected end at any later
 * time follow from the stored forecast and the time alone. So all instances show the same values, and the values do not jump when the
 * duration model learns.
 */
import { medianBeyond, sumOf } from '../polling/duration-distribution.ts';
import type { ExpectedDurations } from '../polling/duration-model.ts';

/** A stored forecast. Times are epoch milliseconds. */
export interface Forecast {
  /** When it was made, and the progress that was shown then. */
  readonly madeAt: number;
  readonly progress: number;
  /** The job ends a lognormal duration after `from`; the logarithm of the duration has the mean `mu` and standard deviation `sigma`. */
  readonly from: number;
  readonly mu: number;
  readonly sigma: number;
}

/** The progress at the expected end. */
const PROGRESS_WHEN_DUE = 0.9;
/** The expected end of an overdue job is at least this multiple of its age. */
const OVERDUE_FACTOR = 1.1;

/** The forecast for a job that the upstream has just accepted. */
export function forecastWaiting(expected: ExpectedDurations, submittedAt: number): Forecast {
  return forecastUnsent(expected, submittedAt, 0);
}

/** The forecast for a job that is expected to be sent in `waitMs` milliseconds. */
export function forecastUnsent({ queue, run }: ExpectedDurations, now: number, waitMs: number): Forecast {
  return { madeAt: now, progress: 0, from: now + waitMs, ...sumOf(queue.main, run.main) };
}

/** The forecast for a job in progress. It starts from the progress of the earlier forecast. */
export function forecastRunning(
  { run }: ExpectedDurations,
  startedAt: number,
  madeAt: number,
  earlier: Forecast | null,
): Forecast {
  return { madeAt, progress: progressAt(earlier, madeAt), from: startedAt, ...run.main };
}

/**
 * The median end of a job that is not done yet, in epoch milliseconds. It is at least a tenth of the job's age after `now`, so that it
 * moves further ahead the longer the job is overdue.
 */
export function expectedEndAt({ from, mu, sigma }: Forecast, now: number): number {
  const age = Math.max(0, now - from);
  const z = (Math.log(age) - mu) / sigma;
  const median = Math.exp(mu + sigma * medianBeyond(z));
  return Math.max(now, from + Math.max(median, OVERDUE_FACTOR * age));
}

/**
 * The estimated progress, from 0 to less than 1. Let x be the time since the forecast divided by the remaining time at the forecast.
 * The done share of the remaining work is 0.9·x up to x = 1, and 1 − 0.1/x after it.
 *
 * @param forecast null: the progress is 0
 */
export function progressAt(forecast: Forecast | null, now: number): number {
  if (forecast === null || now <= forecast.madeAt) return forecast?.progress ?? 0;
  const { madeAt, progress } = forecast;
  const x = (now - madeAt) / Math.max(1, expectedEndAt(forecast, madeAt) - madeAt);
  const share = x <= 1 ? PROGRESS_WHEN_DUE * x : 1 - (1 - PROGRESS_WHEN_DUE) / x;
  return progress + (1 - progress) * share;
}

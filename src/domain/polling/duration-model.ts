import type { VideoRequest } from '../request/video-request.ts';
/**
 * How long jobs take, learned from finished jobs.
 *
 * A job waits in the upstream's queue and then runs. Both durations are modelled as lognormal and learned separately. The run is
 * learned for three groups: jobs of equal resolution, length and steps; jobs of equal resolution and steps; and all jobs. The
 * queue is learned for all jobs together, because they share it.
 *
 * Each group has exponentially decaying sums of x = ln(duration) and x²: each new duration lowers the weight of the older ones by a
 * fortieth. Let n be the weight of the group's durations, x̄ their mean, and m and v the mean and variance of the wider group (for
 * the widest, of the prior). The group's own mean and variance are
 *
 *     m' = (κ·m + n·x̄) / (κ + n)
 *     v' = (ν·v + Σ(x − x̄)² + κ·n/(κ + n)·(x̄ − m)²) / (ν + n)
 *
 * with κ = 1 and ν = 2: the normal-inverse-gamma posterior (A. Gelman et al., Bayesian Data Analysis, 3rd edition,
 * section 3.3). The next duration is expected around m' with variance v'·(1 + 1/(κ + n)).
 *
 * A duration is never observed exactly: one poll shows that the job was not done, and a later one that it was. The sums get the
 * expected x and x² between the two, by the previous distribution: the step of the EM algorithm for censored data (A. P. Dempster,
 * N. M. Laird, D. B. Rubin, 1977, section 4.2). If the upstream's own time lies between the two, it is used instead.
 */
import { DurationDistribution, type LogMoments } from './duration-distribution.ts';

/** The decayed sums of one group. */
export interface GroupMoments {
  /** The decayed number of durations. */
  readonly weight: number;
  /** Of ln(milliseconds). */
  readonly sum: number;
  /** Of the square of ln(milliseconds). */
  readonly squares: number;
}

/** The groups by name. */
export type DurationStats = ReadonlyMap<string, GroupMoments>;

/** A duration to learn, for one group. */
export interface DurationSample {
  readonly group: string;
  readonly moments: LogMoments;
}

/** The expected time in the upstream's queue, and the expected run. */
export interface ExpectedDurations {
  readonly queue: DurationDistribution;
  readonly run: DurationDistribution;
}

/** The bounds of an unknown duration in milliseconds. */
export interface Bracket {
  readonly low: number;
  readonly high: number;
}

/** The share of a group's sums that each new duration keeps. */
export const KEPT_SHARE = 1 - 1 / 40;
/** κ and ν: the weight of the wider group in the mean and in the variance, as a number of durations. */
const PARENT_IN_MEAN = 1;
const PARENT_IN_VARIANCE = 2;
/** The network adds some variance to a perfectly regular upstream. */
const MIN_SIGMA = 0.03;
/**
 * The prior is wide. The queue's share of a typical job is a guess that the first jobs correct. With 1 instead of 0.75 the learned
 * queue stays wider than the polls show, and the poll for the beginning is too early too often.
 */
const RUN_PRIOR_SIGMA = 0.6;
const QUEUE_PRIOR_SIGMA = 0.75;
const QUEUE_PRIOR_SHARE = 0.04;
const QUEUE = 'queue';

type Sized = Pick<VideoRequest, 'resolution' | 'videoLength' | 'steps'>;

/** Adds one duration to a group's sums. */
export function addDuration(group: GroupMoments | undefined, { mean, square }: LogMoments): GroupMoments {
  const { weight, sum, squares } = group ?? { weight: 0, sum: 0, squares: 0 };
  return {
    weight: weight * KEPT_SHARE + 1,
    sum: sum * KEPT_SHARE + mean,
    squares: squares * KEPT_SHARE + square,
  };
}

/**
 * How long a job is expected to take.
 *
 * @param typicalMs the total duration of a typical job in milliseconds, for the prior
 */
export function expectDurations(stats: DurationStats, request: Sized, typicalMs: number): ExpectedDurations {
  const queueMs = QUEUE_PRIOR_SHARE * typicalMs;
  return {
    queue: predict(stats, [QUEUE], queueMs, QUEUE_PRIOR_SIGMA),
    run: predict(stats, runGroups(request), typicalMs - queueMs, RUN_PRIOR_SIGMA),
  };
}

/** The samples of a job's time in the queue. */
export function queueSamples({ queue }: ExpectedDurations, bracket: Bracket): DurationSample[] {
  return [{ group: QUEUE, moments: momentsWithin(queue, bracket) }];
}

/**
 * The samples of a job's run.
 *
 * @param upstreamMs the upstream's own figure in milliseconds; null when it gave none
 */
export function runSamples(
  { run }: ExpectedDurations,
  request: Sized,
  bracket: Bracket,
  upstreamMs: number | null,
): DurationSample[] {
  const moments = momentsWithin(run, narrowedTo(bracket, upstreamMs));
  return runGroups(request).map((group) => ({ group, moments }));
}

/**
 * Whether the upstream's own figure agrees with the polls. A figure that does not agree measures something else.
 *
 * @param upstreamMs milliseconds; null when it gave none
 */
export function agrees({ low, high }: Bracket, upstreamMs: number | null): upstreamMs is number {
  return upstreamMs !== null && upstreamMs > 0 && upstreamMs >= low && upstreamMs <= high;
}

/** Narrows a bracket to the upstream's own figure, when that agrees with the polls. */
export function narrowedTo(seen: Bracket, upstreamMs: number | null): Bracket {
  return agrees(seen, upstreamMs) ? { low: upstreamMs, high: upstreamMs } : seen;
}

/** The expected duration within the bracket. */
export function expectedWithin(distribution: DurationDistribution, bracket: Bracket): number {
  return Math.exp(momentsWithin(distribution, bracket).mean);
}

/** The job's groups, the widest first. */
function runGroups({ resolution, videoLength, steps }: Sized): string[] {
  return ['run', `run ${resolution} * ${steps}`, `run ${resolution} ${videoLength} ${steps}`];
}

function predict(
  stats: DurationStats,
  groups: readonly string[],
  priorMs: number,
  priorSigma: number,
): DurationDistribution {
  let mean = Math.log(priorMs);
  let variance = priorSigma ** 2;
  let weight = 0;
  for (const name of groups) {
    const group = stats.get(name);
    if (group === undefined) continue;
    ({ weight } = group);
    const own = group.sum / weight;
    const within = Math.max(0, group.squares - weight * own ** 2);
    const between = ((PARENT_IN_MEAN * weight) / (PARENT_IN_MEAN + weight)) * (own - mean) ** 2;
    variance = (PARENT_IN_VARIANCE * variance + within + between) / (PARENT_IN_VARIANCE + weight);
    mean = (PARENT_IN_MEAN * mean + weight * own) / (PARENT_IN_MEAN + weight);
  }
  const sigma = Math.sqrt(variance * (1 + 1 / (PARENT_IN_MEAN + weight)));
  return new DurationDistribution({ mu: mean, sigma: Math.max(MIN_SIGMA, sigma) });
}

function momentsWithin(distribution: DurationDistribution, { low, high }: Bracket): LogMoments {
  const known = distribution.logMomentsBetween(low, high);
  if (known !== null) return known;
  // The bracket is a single point, or nearly impossible by the distribution.
  const middle = Math.log(Math.max(1, (low + high) / 2));
  return { mean: middle, square: middle ** 2 };
}

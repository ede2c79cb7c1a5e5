/**
 * How long jobs take, learned from those that have ended.
 *
 * A job waits in the upstream's queue and then runs; both durations are taken as lognormal, and are learned apart: of
 * the run each group of like jobs (resolution, length, steps), all lengths of those, and all jobs; of the queue, which
 * jobs share whatever they are, all jobs only.
 *
 * Of each group, sums of x = ln(duration) and x² are kept that forget: with every further duration what was there
 * loses a fortieth of its weight. A group is believed as far as it has grown up. With n the weight of its durations, x̄
 * their mean, and m and v the mean and variance believed of the group around it (at first the prior), its own are
 *
 *     m' = (κ·m + n·x̄) / (κ + n)
 *     v' = (ν·v + Σ(x − x̄)² + κ·n/(κ + n)·(x̄ − m)²) / (ν + n)
 *
 * with κ = 1 and ν = 2: the normal-inverse-gamma posterior (A. Gelman et al., Bayesian Data Analysis, 3rd edition,
 * section 3.3). The next duration is expected around m' with variance v'·(1 + 1/(κ + n)).
 *
 * A duration is never seen: a look tells that the job was not done then, a later one that it was. What is added is what
 * x and x² are expected to be in between, given what was believed: the step of the EM algorithm for censored data
 * (A. P. Dempster, N. M. Laird, D. B. Rubin, 1977, section 4.2). A time that the upstream tells and that lies in between
 * is taken instead.
 */
import { DurationDistribution, type LogMoments } from './duration-distribution.ts';
import type { VideoRequest } from '../request/video-request.ts';

/** What was learned of one group: decayed sums. */
export interface GroupMoments {
  /** How many durations the sums stand for. */
  readonly weight: number;
  /** Of ln(milliseconds). */
  readonly sum: number;
  /** Of its square. */
  readonly squares: number;
}

/** What was learned, by the names of the groups. */
export type DurationStats = ReadonlyMap<string, GroupMoments>;

/** A duration to be learned, for one group. */
export interface DurationSample {
  readonly group: string;
  readonly moments: LogMoments;
}

/** How long a job is expected to wait in the upstream's queue, and then to run. */
export interface ExpectedDurations {
  readonly queue: DurationDistribution;
  readonly run: DurationDistribution;
}

/** Between which two durations, in milliseconds, the true one lies. */
export interface Bracket {
  readonly low: number;
  readonly high: number;
}

/** What is kept of a group's sums at each further duration. */
export const KEPT_SHARE = 1 - 1 / 40;
/** κ and ν: how many durations the group around counts for, in the mean and in the variance. */
const PARENT_IN_MEAN = 1;
const PARENT_IN_VARIANCE = 2;
/** Even a perfectly regular upstream is seen through a network. */
const MIN_SIGMA = 0.03;
/**
 * Before anything is known: wide. The queue's share of a typical job is a guess that the first jobs correct; with 1 instead
 * of 0.75 what is learned of it stays wider than what polls see, and the poll for the beginning comes too early too often.
 */
const RUN_PRIOR_SIGMA = 0.6;
const QUEUE_PRIOR_SIGMA = 0.75;
const QUEUE_PRIOR_SHARE = 0.04;
const QUEUE = 'queue';

type Sized = Pick<VideoRequest, 'resolution' | 'videoLength' | 'steps'>;

/** A group's sums with one more duration. */
export function addDuration(group: GroupMoments | undefined, { mean, square }: LogMoments): GroupMoments {
  const { weight, sum, squares } = group ?? { weight: 0, sum: 0, squares: 0 };
  return {
    weight: weight * KEPT_SHARE + 1,
    sum: sum * KEPT_SHARE + mean,
    squares: squares * KEPT_SHARE + square,
  };
}

/**
 * What a job is expected to take.
 *
 * @param typicalMs what a job takes in all, in milliseconds, as far as is known before the first
 */
export function expectDurations(stats: DurationStats, request: Sized, typicalMs: number): ExpectedDurations {
  const queueMs = QUEUE_PRIOR_SHARE * typicalMs;
  return {
    queue: predict(stats, [QUEUE], queueMs, QUEUE_PRIOR_SIGMA),
    run: predict(stats, runGroups(request), typicalMs - queueMs, RUN_PRIOR_SIGMA),
  };
}

/** What is to be learned from a job's time in the queue. */
export function queueSamples({ queue }: ExpectedDurations, bracket: Bracket): DurationSample[] {
  return [{ group: QUEUE, moments: momentsWithin(queue, bracket) }];
}

/**
 * What is to be learned from a job's run.
 *
 * @param toldMs what the upstream says that it took, in milliseconds; null when it does not
 */
export function runSamples(
  { run }: ExpectedDurations,
  request: Sized,
  bracket: Bracket,
  toldMs: number | null,
): DurationSample[] {
  const moments = momentsWithin(run, narrowedTo(bracket, toldMs));
  return runGroups(request).map((group) => ({ group, moments }));
}

/**
 * Whether a duration that the upstream tells agrees with what was seen. One that does not is of something else, and so is
 * none at all.
 *
 * @param toldMs milliseconds; null when it tells none
 */
export function agrees({ low, high }: Bracket, toldMs: number | null): toldMs is number {
  return toldMs !== null && toldMs > 0 && toldMs >= low && toldMs <= high;
}

/** The bracket of exactly the duration that the upstream tells, where that agrees with what was seen; else what was seen. */
export function narrowedTo(seen: Bracket, toldMs: number | null): Bracket {
  return agrees(seen, toldMs) ? { low: toldMs, high: toldMs } : seen;
}

/** The duration within the bracket that is to be expected. */
export function expectedWithin(distribution: DurationDistribution, bracket: Bracket): number {
  return Math.exp(momentsWithin(distribution, bracket).mean);
}

/** From the widest to the job's own. */
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
  // Against all belief, or a single point.
  const middle = Math.log(Math.max(1, (low + high) / 2));
  return { mean: middle, square: middle ** 2 };
}

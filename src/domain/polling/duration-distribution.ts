/**
 * The duration of a job's wait or run, as a mixture of lognormal distributions, with the closed forms that the poll plan needs.
 *
 * With z = (ln t − μ)/σ and U(z) the upper tail of the standard normal distribution, a lognormal T has
 * P(T > t) = U(z) and E[max(T − t, 0)] = exp(μ + σ²/2)·U(z − σ) − t·U(z). A mixture has the weighted sums.
 */
/** A lognormal distribution: of ln(milliseconds), `mu` is the mean and `sigma` the standard deviation. */
export interface Lognormal {
  readonly mu: number;
  readonly sigma: number;
}

/** First and second moment of the logarithm of a duration in milliseconds. */
export interface LogMoments {
  readonly mean: number;
  readonly square: number;
}

/** Outliers: their share, how much later they are, and their width. */
const OUTLIER_WEIGHT = 0.02;
const OUTLIER_SHIFT = 0.3;
const OUTLIER_SIGMA = 0.7;
/** Half of the range of integration in standard deviations, and the number of steps. */
const REACH = 6;
const INTEGRATION_STEPS = 256;
/** Half of the range of the search for a quantile in standard deviations, and the number of halvings. */
const QUANTILE_REACH = 12;
const QUANTILE_STEPS = 30;
/** A smaller probability is a rounding error. */
const MIN_MASS = 1e-12;

/** Coefficients of W. H. Press et al., Numerical Recipes in C, 2nd edition, section 6.2, `erfcc`. */
const COEFFICIENTS = [
  -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
  -0.82215223, 0.17087277,
];

/** Beyond it the median of the tail is computed by an asymptotic expansion. */
const FAR_TAIL = 30;
const MEDIAN_STEPS = 50;

/**
 * A lognormal distribution with a fiftieth of outliers, so that a duration far from all experience is unlikely, not impossible. In
 * milliseconds; immutable.
 */
export class DurationDistribution {
  /** The lognormal distribution itself, without the outliers. */
  readonly main: Lognormal;
  readonly #parts: readonly (Lognormal & { readonly weight: number })[];
  #pollRoot: number | null = null;

  constructor({ mu, sigma }: Lognormal) {
    this.main = { mu, sigma };
    const outliers = { mu: mu + OUTLIER_SHIFT, sigma: Math.max(OUTLIER_SIGMA, 2 * sigma) };
    this.#parts = [
      { mu, sigma, weight: 1 - OUTLIER_WEIGHT },
      { ...outliers, weight: OUTLIER_WEIGHT },
    ];
  }

  /** The median without the outliers. */
  get median(): number {
    return Math.exp(this.main.mu);
  }

  /** P(T > t). */
  survival(t: number): number {
    return t <= 0 ? 1 : this.#sum((part) => survivalOf(part, t));
  }

  /** E[max(T − t, 0)]: the expected excess over t. */
  excess(t: number): number {
    return this.#sum(({ mu, sigma }) => {
      const mean = Math.exp(mu + sigma ** 2 / 2);
      if (t <= 0) return mean - t;
      const z = (Math.log(t) - mu) / sigma;
      return Math.max(0, mean * upperTail(z - sigma) - t * upperTail(z));
    });
  }

  /** The duration that is exceeded with this probability, between 0 and 1. */
  exceededWith(probability: number): number {
    let low = Math.min(...this.#parts.map(({ mu, sigma }) => mu - QUANTILE_REACH * sigma));
    let high = Math.max(...this.#parts.map(({ mu, sigma }) => mu + QUANTILE_REACH * sigma));
    for (let step = 0; step < QUANTILE_STEPS; step += 1) {
      const middle = (low + high) / 2;
      if (this.survival(Math.exp(middle)) > probability) low = middle;
      else high = middle;
    }
    return Math.exp(high);
  }

  /**
   * ∫ sqrt(f(t)·S(t)) dt of the distribution without its outliers, f being its density and S its survival; in square
   * roots of milliseconds. See `poll-plan.ts`.
   */
  get pollRoot(): number {
    this.#pollRoot ??= integratePollRoot(this.main);
    return this.#pollRoot;
  }

  /**
   * The moments of ln T, given that T lies between two durations, `low` of which may be 0.
   *
   * @returns null when that is nearly impossible
   */
  logMomentsBetween(low: number, high: number): LogMoments | null {
    let mass = 0;
    let mean = 0;
    let square = 0;
    for (const { weight, mu, sigma } of this.#parts) {
      const a = (Math.log(low) - mu) / sigma;
      const b = (Math.log(high) - mu) / sigma;
      const within = massBetween(a, b);
      if (within < MIN_MASS) continue;
      // The doubly truncated normal distribution: N. L. Johnson, S. Kotz, N. Balakrishnan, Continuous Univariate
      // Distributions 1, 2nd edition, 13.10.1.
      const z = (normalDensity(a) - normalDensity(b)) / within;
      const zz = 1 + (timesDensity(a) - timesDensity(b)) / within;
      mass += weight * within;
      mean += weight * within * (mu + sigma * z);
      square += weight * within * (mu ** 2 + 2 * mu * sigma * z + sigma ** 2 * zz);
    }
    return mass < MIN_MASS ? null : { mean: mean / mass, square: square / mass };
  }

  #sum(ofPart: (part: Lognormal) => number): number {
    return this.#parts.reduce((sum, part) => sum + part.weight * ofPart(part), 0);
  }
}

/** The lognormal distribution with the mean and the variance of the sum of two independent ones (Fenton, Wilkinson). */
export function sumOf(one: Lognormal, other: Lognormal): Lognormal {
  const means = [one, other].map(({ mu, sigma }) => Math.exp(mu + sigma ** 2 / 2));
  const variances = [one, other].map(
    ({ mu, sigma }) => Math.expm1(sigma ** 2) * Math.exp(2 * mu + sigma ** 2),
  );
  const mean = total(means);
  const logVariance = Math.log1p(total(variances) / mean ** 2);
  return { mu: Math.log(mean) - logVariance / 2, sigma: Math.sqrt(logVariance) };
}

function integratePollRoot(part: Lognormal): number {
  let sum = 0;
  let before = { t: Math.exp(part.mu - REACH * part.sigma), survival: 1 };
  for (let step = 1; step <= INTEGRATION_STEPS; step += 1) {
    const z = REACH * ((2 * step) / INTEGRATION_STEPS - 1);
    const t = Math.exp(part.mu + z * part.sigma);
    const survival = survivalOf(part, t);
    const density = Math.max(0, before.survival - survival) / (t - before.t);
    sum += Math.sqrt(density * ((before.survival + survival) / 2)) * (t - before.t);
    before = { t, survival };
  }
  return sum;
}

function survivalOf({ mu, sigma }: Lognormal, t: number): number {
  return upperTail((Math.log(t) - mu) / sigma);
}

/** z times the density; its limit is 0 for infinite z. */
function timesDensity(z: number): number {
  return Number.isFinite(z) ? z * normalDensity(z) : 0;
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** P(Z > z) of the standard normal distribution, with a relative error under 2e-7 in the upper tail. */
export function upperTail(z: number): number {
  const tail = complementaryError(Math.abs(z) / Math.SQRT2) / 2;
  return z >= 0 ? tail : 1 - tail;
}

/** P(a < Z < b) for a ≤ b, computed in the tail with the smaller rounding error. */
export function massBetween(a: number, b: number): number {
  return a > 0 ? upperTail(a) - upperTail(b) : upperTail(-b) - upperTail(-a);
}

/** The median of Z, given that Z > z. */
export function medianBeyond(z: number): number {
  // The asymptotic expansion of the tail, before it underflows.
  if (z > FAR_TAIL) return z + Math.LN2 / z;
  const half = upperTail(z) / 2;
  let low = Math.max(z, 0);
  let high = low + 1;
  for (let step = 0; step < MEDIAN_STEPS; step += 1) {
    const middle = (low + high) / 2;
    if (upperTail(middle) > half) low = middle;
    else high = middle;
  }
  return high;
}

/** The density of the standard normal distribution. */
export function normalDensity(z: number): number {
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
}

/** The complementary error function, for x ≥ 0. */
function complementaryError(x: number): number {
  if (x === Infinity) return 0;
  const t = 1 / (1 + x / 2);
  const series = COEFFICIENTS.reduceRight((sum, coefficient) => sum * t + coefficient, 0);
  return t * Math.exp(-x * x + series);
}

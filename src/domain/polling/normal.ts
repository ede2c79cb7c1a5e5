/** The standard normal distribution. */

/** Coefficients of W. H. Press et al., Numerical Recipes in C, 2nd edition, section 6.2, `erfcc`. */
const COEFFICIENTS = [
  -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
  -0.82215223, 0.17087277,
];

const FAR = 30;
const HALVINGS = 50;

/** P(Z > z), with a relative error under 2e-7 in the upper tail. */
export function upperTail(z: number): number {
  const tail = complementaryError(Math.abs(z) / Math.SQRT2) / 2;
  return z >= 0 ? tail : 1 - tail;
}

/** P(a < Z < b) for a ≤ b, computed in the tail with the smaller rounding error. */
export function massBetween(a: number, b: number): number {
  return a > 0 ? upperTail(a) - upperTail(b) : upperTail(-b) - upperTail(-a);
}

/** The median of Z, given that Z > z. */
export function halfwayBeyond(z: number): number {
  // The asymptotic expansion of the tail, before it underflows.
  if (z > FAR) return z + Math.LN2 / z;
  const half = upperTail(z) / 2;
  let low = Math.max(z, 0);
  let high = low + 1;
  for (let step = 0; step < HALVINGS; step += 1) {
    const middle = (low + high) / 2;
    if (upperTail(middle) > half) low = middle;
    else high = middle;
  }
  return high;
}

/** The density at z. */
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

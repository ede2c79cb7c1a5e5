import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lognormal, seeded } from '../../../bench/polling/chance.ts';
import {
  DurationDistribution,
  massBetween,
  normalDensity,
  sumOf,
  upperTail,
} from '../../../src/domain/polling/duration-distribution.ts';
import { anyDurations } from '../job/job-samples.ts';

const AROUND_50_S = new DurationDistribution({ mu: Math.log(50_000), sigma: 0.2 });
const share = fc.double({ min: 0.001, max: 0.999, noNaN: true });

describe('a distribution of durations', () => {
  it('has a survival from 1 down to 0', () => {
    fc.assert(
      fc.property(anyDurations, share, share, (durations, a, b) => {
        const [low, high] = [durations.exceededWith(Math.max(a, b)), durations.exceededWith(Math.min(a, b))];
        expect(durations.survival(low)).toBeGreaterThanOrEqual(durations.survival(high));
      }),
    );
    expect(AROUND_50_S.survival(0)).toBe(1);
    expect(AROUND_50_S.survival(-1)).toBe(1);
    expect(AROUND_50_S.survival(1e12)).toBeLessThan(1e-12);
  });

  it('returns the duration that is exceeded with a probability', () => {
    fc.assert(
      fc.property(anyDurations, share, (durations, probability) => {
        expect(durations.survival(durations.exceededWith(probability))).toBeCloseTo(probability, 5);
      }),
    );
  });

  it('has an excess that is the integral of the survival', () => {
    for (const from of [0, 30_000, 50_000, 80_000, 200_000]) {
      let integral = 0;
      for (let t = from; t < 5_000_000; t += 50) integral += AROUND_50_S.survival(t + 25) * 50;
      expect(AROUND_50_S.excess(from) / integral).toBeCloseTo(1, 4);
    }
    expect(AROUND_50_S.excess(-1000)).toBeCloseTo(AROUND_50_S.excess(0) + 1000, 6);
  });

  it('has a fiftieth of outliers: a duration far beyond experience is unlikely, not impossible', () => {
    const sure = new DurationDistribution({ mu: Math.log(50_000), sigma: 0.03 });
    expect(sure.survival(80_000)).toBeGreaterThan(0.005);
    expect(1 - sure.survival(25_000)).toBeGreaterThan(0.0005);
    expect(sure.survival(400_000)).toBeLessThan(0.001);
  });

  it('has a poll root of 1.41 times the root of its spread when it is narrow', () => {
    // ∫ sqrt(φ(z)·U(z)) dz = 1.4117, by numerical integration.
    const narrow = new DurationDistribution({ mu: Math.log(50_000), sigma: 0.03 });
    expect(narrow.pollRoot / Math.sqrt(0.03 * 50_000)).toBeCloseTo(1.41, 1);
    expect(narrow.pollRoot).toBe(narrow.pollRoot);
  });
});

describe('moments within a bracket', () => {
  it('equal those of random samples within the bracket', () => {
    const random = seeded(1);
    const { mu, sigma } = AROUND_50_S.main;
    for (const [low, high] of [
      [0, 45_000],
      [48_000, 52_000],
      [60_000, 90_000],
    ] as const) {
      const drawn = Array.from({ length: 40_000 }, () => Math.log(lognormal(random, mu, sigma))).filter(
        (x) => x > Math.log(Math.max(1, low)) && x < Math.log(high),
      );
      const mean = drawn.reduce((sum, x) => sum + x, 0) / drawn.length;
      const moments = AROUND_50_S.logMomentsBetween(low, high);
      // The outliers, which are not sampled, cause the small difference.
      expect(moments?.mean).toBeCloseTo(mean, 1);
      expect(moments?.square).toBeCloseTo(mean ** 2 + variance(drawn, mean), 0);
    }
  });

  it('lie within the bracket', () => {
    const bound = fc.double({ min: 1, max: 1e7, noNaN: true });
    fc.assert(
      fc.property(anyDurations, bound, bound, (durations, a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const moments = durations.logMomentsBetween(low, high);
        if (moments === null) return;
        expect(moments.mean).toBeGreaterThanOrEqual(Math.log(low) - 1e-3);
        expect(moments.mean).toBeLessThanOrEqual(Math.log(high) + 1e-3);
        expect(moments.square - moments.mean ** 2).toBeGreaterThan(-1e-3);
      }),
      { numRuns: 1000 },
    );
  });

  it('are null for a point and for a nearly impossible bracket', () => {
    expect(AROUND_50_S.logMomentsBetween(50_000, 50_000)).toBeNull();
    expect(AROUND_50_S.logMomentsBetween(1e-9, 1e-8)).toBeNull();
  });
});

it('sums two durations by their means and variances', () => {
  const { mu, sigma } = sumOf({ mu: Math.log(2000), sigma: 1 }, { mu: Math.log(50_000), sigma: 0.1 });
  const mean = 2000 * Math.exp(0.5) + 50_000 * Math.exp(0.005);
  expect(Math.exp(mu + sigma ** 2 / 2)).toBeCloseTo(mean, 6);
  const spread =
    (2000 ** 2 * Math.exp(1) * Math.expm1(1) + 50_000 ** 2 * Math.exp(0.01) * Math.expm1(0.01)) ** 0.5;
  expect(mean * Math.sqrt(Math.expm1(sigma ** 2))).toBeCloseTo(spread, 6);
});

function variance(values: readonly number[], mean: number): number {
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}

describe('the standard normal distribution', () => {
  // M. Abramowitz, I. A. Stegun, Handbook of Mathematical Functions, tables 26.1 and 26.2.
  it.each([
    [0, 0.5],
    [1, 0.158655254],
    [-1, 0.841344746],
    [1.959963985, 0.025],
    [3, 1.349898032e-3],
    [6, 9.86587645e-10],
    [12, 1.776482112e-33],
    [37, 5.725571222e-300],
  ])('has P(Z > %f) = %f', (z, tail) => {
    expect(Math.abs(upperTail(z) / tail - 1)).toBeLessThan(3e-7);
  });

  it('has the right limits at infinity', () => {
    expect(upperTail(Infinity)).toBe(0);
    expect(upperTail(-Infinity)).toBe(1);
    expect(massBetween(-Infinity, Infinity)).toBe(1);
    expect(normalDensity(Infinity)).toBe(0);
  });

  it('has the same mass between two values in both tails', () => {
    expect(massBetween(1, 2)).toBeCloseTo(0.135905122, 7);
    expect(massBetween(-2, -1)).toBeCloseTo(0.135905122, 7);
    expect(massBetween(-1, 1)).toBeCloseTo(0.682689492, 7);
    expect(massBetween(8, 9)).toBeGreaterThan(0);
  });
});

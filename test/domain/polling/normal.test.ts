import { describe, expect, it } from 'vitest';
import { massBetween, normalDensity, upperTail } from '../../../src/domain/polling/normal.ts';

describe('the normal distribution', () => {
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

  it('ends at infinity', () => {
    expect(upperTail(Infinity)).toBe(0);
    expect(upperTail(-Infinity)).toBe(1);
    expect(massBetween(-Infinity, Infinity)).toBe(1);
    expect(normalDensity(Infinity)).toBe(0);
  });

  it('has a mass between two values that both tails agree on', () => {
    expect(massBetween(1, 2)).toBeCloseTo(0.135905122, 7);
    expect(massBetween(-2, -1)).toBeCloseTo(0.135905122, 7);
    expect(massBetween(-1, 1)).toBeCloseTo(0.682689492, 7);
    expect(massBetween(8, 9)).toBeGreaterThan(0);
  });
});

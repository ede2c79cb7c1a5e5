import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs } from '../../../src/domain/polling/backoff.ts';

const faults = fc.integer({ min: 1, max: 10_000 });
const random = fc.double({ min: 0, max: 1, noNaN: true });

describe('backoffMs', () => {
  it.each([
    [1, 1000],
    [2, 2000],
    [3, 4000],
    [6, 32_000],
    [7, 60_000],
    [1000, 60_000],
  ])('doubles from one second to sixty: failure %i waits %i ms at most', (count, most) => {
    expect(backoffMs(count, 0)).toBe(most);
    expect(backoffMs(count, 1)).toBe(most / 2);
  });

  it('waits whole milliseconds from half a second to sixty', () => {
    fc.assert(
      fc.property(faults, random, (count, chance) => {
        const wait = backoffMs(count, chance);
        expect(Number.isInteger(wait)).toBe(true);
        expect(wait).toBeGreaterThanOrEqual(500);
        expect(wait).toBeLessThanOrEqual(60_000);
      }),
    );
  });

  it('never waits less after one more failure with the same randomness', () => {
    fc.assert(
      fc.property(faults, random, (count, chance) => {
        expect(backoffMs(count + 1, chance)).toBeGreaterThanOrEqual(backoffMs(count, chance));
      }),
    );
  });

  it('never waits less than requested, nor less than without a request', () => {
    fc.assert(
      fc.property(faults, random, fc.nat({ max: 10_000_000 }), (count, chance, asked) => {
        expect(backoffMs(count, chance, asked)).toBe(Math.max(asked, backoffMs(count, chance)));
      }),
    );
  });
});

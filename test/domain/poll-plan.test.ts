import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextPollDelayMs } from '../../src/domain/poll-plan.ts';

const elapsedMs = fc.nat({ max: 3_600_000 });
const typicalMs = fc.integer({ min: 1000, max: 600_000 });
const random = fc.double({ min: 0, max: 1, noNaN: true });

describe('nextPollDelayMs', () => {
  it.each([
    { elapsedMs: 0, delay: 1000 },
    { elapsedMs: 6000, delay: 1000 },
    { elapsedMs: 12_000, delay: 2000 },
    { elapsedMs: 30_000, delay: 5000 },
    { elapsedMs: 106_000, delay: 5000 },
    { elapsedMs: 120_000, delay: 20_000 },
    { elapsedMs: 600_000, delay: 30_000 },
  ])('waits $delay ms at the age of $elapsedMs ms where 53 s are typical', ({ elapsedMs: age, delay }) => {
    expect(nextPollDelayMs({ elapsedMs: age, typicalMs: 53_000, random: 0.5 })).toBe(delay);
  });

  it('waits whole milliseconds, from 0.9 to 5.5 seconds, up to 33 when long overdue', () => {
    fc.assert(
      fc.property(elapsedMs, typicalMs, random, (elapsed, typical, chance) => {
        const delay = nextPollDelayMs({ elapsedMs: elapsed, typicalMs: typical, random: chance });
        expect(Number.isInteger(delay)).toBe(true);
        expect(delay).toBeGreaterThanOrEqual(900);
        expect(delay).toBeLessThanOrEqual(elapsed > 2 * typical ? 33_000 : 5500);
      }),
    );
  });

  it('spreads jobs of one age over a fifth of the pause', () => {
    const delays = [0, 0.5, 1].map((chance) =>
      nextPollDelayMs({ elapsedMs: 12_000, typicalMs: 53_000, random: chance }),
    );
    expect(delays).toEqual([1800, 2000, 2200]);
  });

  it('never polls an older job sooner, chance being the same', () => {
    fc.assert(
      fc.property(
        elapsedMs,
        fc.nat({ max: 100_000 }),
        typicalMs,
        random,
        (elapsed, more, typical, chance) => {
          const delay = (age: number): number =>
            nextPollDelayMs({ elapsedMs: age, typicalMs: typical, random: chance });
          expect(delay(elapsed + more)).toBeGreaterThanOrEqual(delay(elapsed));
        },
      ),
    );
  });
});

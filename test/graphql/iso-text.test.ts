import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isoText } from '../../src/graphql/types/scalars.ts';

const LAST = 8_640_000_000_000_000;
/** The end of the years with four digits. */
const END = Date.UTC(10_000, 0);

it('is the same text as Date.toISOString', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.integer({ min: -LAST, max: LAST }),
        fc.integer({ min: 0, max: END }),
        fc.double({ noNaN: true, min: 0, max: 4e12 }),
      ),
      (time) => {
        expect(isoText(time)).toBe(new Date(time).toISOString());
      },
    ),
    { numRuns: 2000 },
  );
  for (const time of [-LAST, -1, 0, 86_399_999, 86_400_000, END - 1, END, LAST]) {
    expect(isoText(time)).toBe(new Date(time).toISOString());
  }
});

it.each([NaN, Infinity, LAST + 86_400_000])('refuses %s', (time) => {
  expect(() => isoText(time)).toThrow(RangeError);
});

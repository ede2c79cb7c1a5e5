import { expect, test } from 'vitest';
import { bytes, duration, moment } from '../../console/src/jobs/times.ts';

test.each([
  [-5, '0 s'],
  [0, '0 s'],
  [499, '0 s'],
  [500, '1 s'],
  [59_499, '59 s'],
  [59_500, '1 min 00 s'],
  [65_000, '1 min 05 s'],
  [3_599_499, '59 min 59 s'],
  [3_599_500, '1 h 00 min'],
  [7_380_000, '2 h 03 min'],
])('%i ms is %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1499, '1 kB'],
  [730_000, '730 kB'],
  [999_499, '999 kB'],
  [999_500, '1.0 MB'],
  [1_440_000, '1.4 MB'],
  [999_949_999, '999.9 MB'],
  [4_290_000_000, '4.3 GB'],
])('%i bytes are %s', (count, text) => {
  expect(bytes(count)).toBe(text);
});

test('a time of today has no date, any other time has one', () => {
  const noon = new Date(2026, 2, 14, 12, 5);
  const morning = new Date(2026, 2, 14, 0, 7);
  expect(moment(morning.toISOString(), noon.getTime())).toBe('00:07');
  expect(moment(noon.toISOString(), noon.getTime() + 24 * 3_600_000)).toBe('Mar 14, 12:05');
});

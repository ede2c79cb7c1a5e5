import { describe, expect, it } from 'vitest';
import { percentile, sampleOf } from '../../bench/measure/statistics.ts';
import { digits, shown, table } from '../../bench/measure/table.ts';
import { inTurn } from '../../bench/measure/turns.ts';

describe('a sample', () => {
  it('has the median, the minimum and the maximum', () => {
    expect(sampleOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
    expect(sampleOf([4, 1, 2, 3])).toEqual({ median: 2.5, min: 1, max: 4 });
  });

  it('is printed with three digits', () => {
    expect(shown(sampleOf([0.1234, 1.234, 12_345]))).toBe('1.23 (0.123–12,300)');
    expect(digits(0)).toBe('0');
    expect(digits(NaN)).toBe('–');
  });
});

it('a percentile is one of the values', () => {
  const values = Float64Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(percentile(values, 0.5)).toBe(51);
  expect(percentile(values, 0.99)).toBe(100);
});

it('a table is Markdown', () => {
  expect(table(['', 'a'], [['b', '1']])).toBe('|  | a |\n| --- | --- |\n| b | 1 |');
});

describe('the order of turns', () => {
  it('starts with a different contestant in each round, and is reversed in every other round', () => {
    const orders = [0, 1, 2, 3].map((round) => inTurn(['a', 'b', 'c', 'd'], round).join(''));
    expect(orders).toEqual(['abcd', 'badc', 'cdab', 'dcba']);
  });
});

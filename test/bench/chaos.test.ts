import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { CAUSES, pairCauses } from '../../bench/chaos/causes/causes.ts';
import { deviationOf, riseOf } from '../../bench/chaos/evidence.ts';
import { readFaultTable } from '../../bench/chaos/fault-table.ts';

const rows = readFaultTable(readFileSync('docs/operations.md', 'utf8'));

it('every fault of the table has a cause, and every cause a fault', () => {
  expect(rows.length).toBeGreaterThan(30);
  const paired = pairCauses(rows).map(({ row }) => row.fault);
  expect(paired.toSorted()).toEqual(rows.map(({ fault }) => fault).toSorted());
});

it('a new row without a cause, and a cause without a row, are errors', () => {
  const row = { fault: 'the moon is full', metrics: [{ selector: 'up', by: null }] };
  expect(() => pairCauses([...rows, row])).toThrow('No cause in bench/chaos/causes for: the moon is full');
  expect(() => pairCauses(rows.slice(1), CAUSES)).toThrow('is the beginning of 0 rows, not of one');
});

it('the metrics of a row are selectors with the label that distinguishes the fault', () => {
  const table = [
    '| fault | signs | metric | behaviour of the gateway |',
    '| --- | --- | --- | --- |',
    '| a | log: `a_b` | `up`; in the end `x_total{a=~"b|c"}` by outcome, else `{a="d"}` of `save` | nothing |',
    '',
    '| another | table | `y_total` | |',
  ].join('\n');
  expect(readFaultTable(table)).toEqual([
    {
      fault: 'a',
      metrics: [
        { selector: 'up', by: null },
        { selector: 'x_total{a=~"b|c"}', by: 'outcome' },
        { selector: 'x_total{a="d"}', by: null },
      ],
    },
  ]);
  expect(() => readFaultTable(table.replace(/`up`.*`save`/, 'none'))).toThrow('The row "a" names no metric.');
  expect(() => readFaultTable('')).toThrow('There is no table');
});

/** Samples at 0, 1 and 2, and from 103 on. */
function of(...values: number[]) {
  return {
    metric: {},
    samples: values.map((value, index) => [index < 3 ? index : 100 + index, value] as const),
  };
}

it('a counter shows a fault by its rise, also over a restart and as a new series', () => {
  expect(riseOf(of(2, 2, 2, 2), 2)).toBeNull();
  expect(riseOf(of(1, 2, 2, 0, 0), 2)).toBeNull();
  expect(riseOf(of(1, 2, 3, 0, 2), 2)).toEqual({ series: {}, before: 2, during: 5, after: 2 });
  expect(riseOf(of(3), 0)).toEqual({ series: {}, before: null, during: 3, after: 3 });
});

it('a gauge shows a fault by a value that it had neither before nor in the quiet time', () => {
  const quiet = { from: 0, to: 2 };
  expect(deviationOf(of(0, 5, 1, 1, 4), 104, quiet)).toBeNull();
  expect(deviationOf(of(0, 5, 1, 1, 7, 6), 104, quiet)).toEqual({
    series: {},
    before: 1,
    during: 7,
    after: 6,
  });
  expect(deviationOf(of(1, 1, 1, 1, 0, 1), 104, quiet)).toEqual({
    series: {},
    before: 1,
    during: 0,
    after: 1,
  });
  expect(deviationOf({ metric: {}, samples: [[104, 3]] }, 104, quiet)).toMatchObject({
    before: null,
    during: 3,
  });
});

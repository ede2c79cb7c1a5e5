import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type HistoryPage, NEW_SEARCH, nextRead } from '../../src/poller/settle-job.ts';

const PAGE_SIZE = 100;

/** Searches a history, newest first, for requests between two times. @returns the pages that were read */
function search(times: readonly number[], from: number, to: number, growth = 0): number[] {
  let rows = times.toSorted((a, b) => b - a);
  const read: number[] = [];
  for (let next: typeof NEW_SEARCH | null = NEW_SEARCH; next !== null;) {
    const page = rows.slice((next.page - 1) * PAGE_SIZE, next.page * PAGE_SIZE);
    read.push(next.page);
    const oldestAt = page.at(-1) ?? null;
    const shown: HistoryPage = {
      oldestAt,
      more: page.length === PAGE_SIZE && oldestAt !== null && oldestAt >= from,
    };
    next = nextRead(next, shown, to);
    // New requests are added during the search.
    const newest = (rows[0] ?? 0) + 1;
    rows = Array.from({ length: growth }, () => newest).concat(rows);
  }
  return read;
}

/** The pages with a request between these times. */
function pagesWith(times: readonly number[], from: number, to: number): number[] {
  const rows = times.toSorted((a, b) => b - a);
  const pages = rows.flatMap((time, index) =>
    time >= from && time <= to ? [Math.floor(index / PAGE_SIZE) + 1] : [],
  );
  return [...new Set(pages)];
}

it('reads every page that can have a match, in any history, and few others', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 100_000 }), { maxLength: 3000, size: 'max' }),
      fc.integer({ min: 0, max: 100_000 }),
      fc.integer({ min: 0, max: 5000 }),
      (times, from, width) => {
        const read = search(times, from, from + width);
        const wanted = pagesWith(times, from, from + width);
        expect(read).toEqual(expect.arrayContaining(wanted));
        expect(read.length).toBeLessThanOrEqual(wanted.length + 14);
      },
    ),
    { numRuns: 200 },
  );
});

it('reads one page when few requests are newer', () => {
  expect(search([1, 2, 3], 1, 3)).toEqual([1]);
  expect(search([], 1, 3)).toEqual([1]);
});

it('finds a request behind ten thousand newer ones, while more are added', () => {
  const times = Array.from({ length: 10_000 }, (_, index) => index);
  const read = search(times, 50, 60, 3);
  expect(read.length).toBeLessThan(25);
  expect(read).toContain(100);
});

it('ends for a history that returns the same page for each number', () => {
  let next: typeof NEW_SEARCH | null = NEW_SEARCH;
  let reads = 0;
  for (; next !== null; reads += 1) next = nextRead(next, { oldestAt: 1000, more: true }, 500);
  expect(reads).toBe(40);
});

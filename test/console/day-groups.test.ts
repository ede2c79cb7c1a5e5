import { expect, test } from 'vitest';
import { dayTitle, groupByDay } from '../../console/src/jobs/list/day-groups.ts';
import { consoleJob } from './console-job.ts';

/** A time in the time zone of the test, as the gateway writes it. */
function at(day: number, hours: number): string {
  return new Date(2026, 2, day, hours).toISOString();
}

function cost(costUsd: number | null) {
  return { __typename: 'VideoJobMetrics', queueSeconds: null, inferenceSeconds: null, costUsd } as const;
}

function failure(charged: 'NO' | 'YES' | 'UNKNOWN') {
  const common = {
    __typename: 'VideoJobFailure',
    code: 'TIMED_OUT',
    message: 'late',
    retryable: true,
  } as const;
  return { ...common, charged };
}

const DONE = { status: 'COMPLETED', isTerminal: true } as const;

test('jobs are grouped by their day in the local time zone, with what each day cost', () => {
  const jobs = [
    consoleJob({ id: 'vj_4', createdAt: at(15, 0) }),
    consoleJob({ id: 'vj_3', createdAt: at(14, 23), ...DONE, metrics: cost(0.25) }),
    consoleJob({ id: 'vj_2', createdAt: at(14, 0), ...DONE, metrics: cost(0.5) }),
    consoleJob({ id: 'vj_1', createdAt: at(12, 9), status: 'FAILED', failure: failure('NO') }),
  ];
  expect(groupByDay(jobs, false)).toEqual([
    { day: '2026-03-15', jobs: [jobs[0]], costUsd: 0, isCostPartial: false },
    { day: '2026-03-14', jobs: [jobs[1], jobs[2]], costUsd: 0.75, isCostPartial: false },
    { day: '2026-03-12', jobs: [jobs[3]], costUsd: 0, isCostPartial: false },
  ]);
  expect(groupByDay([], false)).toEqual([]);
});

test.each([
  ['of a day that goes on in the next page', consoleJob({ ...DONE, metrics: cost(1) }), true, true],
  ['with an unknown price', consoleJob({ ...DONE, metrics: cost(null) }), false, true],
  ['of a failure that was charged', consoleJob({ status: 'FAILED', failure: failure('YES') }), false, true],
  [
    'of a failure that may be charged',
    consoleJob({ status: 'FAILED', failure: failure('UNKNOWN') }),
    false,
    true,
  ],
  [
    'of a failure that was not charged',
    consoleJob({ status: 'FAILED', failure: failure('NO') }),
    false,
    false,
  ],
  ['of an unfinished job', consoleJob(), false, false],
])('the cost %s is partial: %#', (_, job, hasMore, isPartial) => {
  expect(groupByDay([job], hasMore)[0]?.isCostPartial).toBe(isPartial);
});

test.each([
  ['2026-03-14', 'Today'],
  ['2026-03-13', 'Yesterday'],
  ['2026-03-12', 'Thursday, March 12'],
  ['2025-12-31', 'Wednesday, December 31, 2025'],
])('the title of %s is %s', (day, title) => {
  expect(dayTitle(day, new Date(2026, 2, 14, 0, 30).getTime())).toBe(title);
});

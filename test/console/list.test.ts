import { describe, expect, test } from 'vitest';
import { filterOf } from '../../console/src/jobs/list/list-filter.ts';
import { splitNewJobs } from '../../console/src/jobs/list/new-jobs.ts';
import { sharedJobOf } from '../../console/src/jobs/shared-job.ts';
import { consoleJob } from './console-job.ts';

describe('filterOf', () => {
  test.each([
    [{ status: 'ALL', search: ' ' }, null],
    [{ status: 'ALL', search: ' … ' }, null],
    [{ status: 'ALL', search: ' red kite ' }, { prompt: 'red kite' }],
    [{ status: 'ALL', search: '水' }, { prompt: '水' }],
    [{ status: 'FAILED', search: '' }, { status: ['FAILED'] }],
    [
      { status: 'UNFINISHED', search: 'sea' },
      { status: ['QUEUED', 'PROCESSING'], prompt: 'sea' },
    ],
  ] as const)('%o is %o', (choice, filter) => {
    expect(filterOf(choice)).toEqual(filter);
  });
});

describe('splitNewJobs', () => {
  const jobs = ['d', 'c', 'b', 'a'].map((id) => consoleJob({ id }));
  test.each([
    ['nothing is held back at the top of the list', null, 'dcba', 0],
    ['jobs that are newer than the newest shown one are held back', 'b', 'ba', 2],
    ['also when that one was deleted', 'bb', 'ba', 2],
    ['nothing is new', 'd', 'dcba', 0],
    ['when no shown job is left, all are shown', 'A', 'dcba', 0],
  ] as const)('%s', (_, newestShown, shown, heldBack) => {
    const split = splitNewJobs(jobs, newestShown);
    expect([split.shown.map(({ id }) => id).join(''), split.heldBack]).toEqual([shown, heldBack]);
  });
});

describe('sharedJobOf', () => {
  test.each([
    ['https://example.com/jobs/vj_1#token=a.b-c_d', { id: 'vj_1', token: 'a.b-c_d' }],
    ['https://example.com/below/jobs/vj_1#token=a%2Bb', { id: 'vj_1', token: 'a+b' }],
    ['https://example.com/jobs/vj_1', null],
    ['https://example.com/jobs/vj_1#token=', null],
    ['https://example.com/#token=a', null],
  ])('%s', (url, shared) => {
    expect(sharedJobOf(new URL(url))).toEqual(shared);
  });
});

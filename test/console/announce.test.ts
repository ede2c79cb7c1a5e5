import { expect, test } from 'vitest';
import { announcementOf } from '../../console/src/jobs/announce.ts';
import { consoleJob } from './console-job.ts';

const FAILURE = {
  __typename: 'VideoJobFailure',
  code: 'TIMED_OUT',
  message: 'late',
  retryable: true,
  charged: 'NO',
} as const;

test.each([
  ['a new job', consoleJob(), undefined, null],
  ['an unchanged job', consoleJob({ status: 'PROCESSING' }), 'PROCESSING', null],
  ['a job that starts', consoleJob({ status: 'PROCESSING' }), 'QUEUED', 'In progress: a cat'],
  ['a job that is done', consoleJob({ status: 'COMPLETED' }), 'PROCESSING', 'The video is ready: a cat'],
  [
    'a job whose earlier states were missed',
    consoleJob({ status: 'COMPLETED' }),
    undefined,
    'The video is ready: a cat',
  ],
  [
    'a job that failed',
    consoleJob({ status: 'FAILED', failure: FAILURE }),
    'QUEUED',
    'Failed: a cat. It took too long',
  ],
] as const)('%s is announced in the right words', (_, job, before, words) => {
  expect(announcementOf(job, before)).toBe(words);
});

test('a long prompt is truncated', () => {
  const { request } = consoleJob();
  const job = consoleJob({ status: 'COMPLETED', request: { ...request, prompt: 'x'.repeat(61) } });
  expect(announcementOf(job, 'PROCESSING')).toBe(`The video is ready: ${'x'.repeat(60)}…`);
});

import { expect, test } from 'vitest';
import { queuePlace } from '../../console/src/jobs/queue-place.ts';
import { progressText, waitText } from '../../console/src/jobs/wait-text.ts';
import { consoleJob } from './console-job.ts';

const NOW = Date.UTC(2026, 10, 22, 12);
const at = (seconds: number) => new Date(NOW + 1000 * seconds).toISOString();

test.each([
  [{}, null, 'waiting for the model'],
  [
    { waitingFor: 'UPSTREAM_QUEUE', estimatedCompletionAt: at(50) },
    null,
    'waiting for the model, about 50 s left',
  ],
  [{ waitingFor: 'UPSTREAM_UNAVAILABLE' }, null, 'waiting until the model can be reached'],
  [
    { waitingFor: 'UPSTREAM_UNAVAILABLE' },
    { place: 3, of: 4 },
    'waiting until the model can be reached: 3rd of your 4',
  ],
  [{ waitingFor: 'SUBMISSION_CHECK' }, null, 'checking whether the model received the request'],
  [
    { waitingFor: 'RATE_LIMIT', estimatedSubmissionAt: at(40), estimatedCompletionAt: at(90) },
    { place: 2, of: 5 },
    'waiting for the rate limit: 2nd of your 5, starts in about 40 s',
  ],
  [
    { waitingFor: 'RATE_LIMIT', estimatedSubmissionAt: at(0), estimatedCompletionAt: at(50) },
    { place: 1, of: 12 },
    'waiting for the rate limit: 1st of your 12, starts any moment now',
  ],
  [
    { waitingFor: 'RATE_LIMIT', estimatedSubmissionAt: at(700) },
    { place: 11, of: 12 },
    'waiting for the rate limit: 11th of your 12, starts in about 11 min 40 s',
  ],
  [{ status: 'PROCESSING', estimatedCompletionAt: at(65) }, null, 'about 1 min 05 s left'],
  [{ status: 'PROCESSING', estimatedCompletionAt: at(0) }, null, 'any moment now'],
  [{ status: 'PROCESSING' }, null, 'the model works on it'],
] as const)('the text of %j at place %j', (change, place, text) => {
  expect(waitText(consoleJob({ status: 'QUEUED', ...change }), place, NOW)).toBe(text);
});

test('the elapsed time is before the text of a job that was sent', () => {
  const sent = consoleJob({ waitingFor: 'UPSTREAM_QUEUE', createdAt: at(-12) });
  expect(progressText(sent, 'waiting for the model', NOW)).toBe('12 s so far, waiting for the model');
  const unsent = consoleJob({ waitingFor: 'RATE_LIMIT', createdAt: at(-12) });
  expect(progressText(unsent, 'waiting for the rate limit', NOW)).toBe('Waiting for the rate limit');
});

const job = (id: string, waitingFor: 'RATE_LIMIT' | 'UPSTREAM_QUEUE' | null = 'RATE_LIMIT') =>
  consoleJob({ id, waitingFor });

test('places count the waiting jobs of the list from the oldest one', () => {
  const jobs = [job('d'), job('c', 'UPSTREAM_QUEUE'), job('b'), job('a', null)];
  const places = jobs.map(({ id }) => queuePlace(jobs, false, id));
  expect(places).toEqual([{ place: 2, of: 2 }, null, { place: 1, of: 2 }, null]);
});

test('of jobs that were accepted in the same millisecond, the one that is sent earlier has the lower place', () => {
  const jobs = [
    consoleJob({ id: 'c', waitingFor: 'RATE_LIMIT', createdAt: at(1), estimatedSubmissionAt: at(40) }),
    consoleJob({ id: 'b', waitingFor: 'RATE_LIMIT', createdAt: at(0), estimatedSubmissionAt: at(50) }),
    consoleJob({ id: 'a', waitingFor: 'RATE_LIMIT', createdAt: at(0), estimatedSubmissionAt: at(60) }),
  ];
  const places = jobs.map(({ id }) => queuePlace(jobs, false, id)?.place);
  expect(places).toEqual([3, 1, 2]);
});

test('a single waiting job has no place', () => {
  expect(queuePlace([job('b'), job('a', null)], false, 'b')).toBeNull();
});

test('places are unknown when older jobs that are not loaded may wait', () => {
  const jobs = [job('b'), job('a')];
  expect(queuePlace(jobs, true, 'b')).toBeNull();
  expect(queuePlace([...jobs, job('0', null)], true, 'b')).toEqual({ place: 2, of: 2 });
});

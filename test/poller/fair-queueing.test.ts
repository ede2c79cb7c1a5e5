import { describe, expect, it } from 'vitest';
import { NO_NOTES } from '../../src/domain/job/poll-notes.ts';
import { FairQueueing } from '../../src/poller/fair-queueing.ts';
import type { DueJob } from '../../src/store/job-store.ts';
import { acceptedJob } from '../support/jobs.ts';

function due(ownerId: string, createdAt = 0, failureCount = 0): DueJob {
  return { job: acceptedJob({ ownerId, createdAt }), lastPolledAt: null, failureCount, notes: NO_NOTES };
}

const owners = (jobs: readonly DueJob[]) => jobs.map(({ job }) => job.ownerId).join('');
/** The job that was created first has the highest priority. */
const byAge = ({ job }: DueJob) => -job.createdAt;

describe('fair queueing of owners', () => {
  it('serves owners in rotation, and each owner’s calls by priority', () => {
    const queueing = new FairQueueing();
    const jobs = [due('a', 1), due('a', 2), due('a', 3), due('b', 4), due('b', 5), due('c', 6)];
    expect(owners(queueing.order(jobs, byAge))).toBe('abcaba');
    expect(queueing.order(jobs, byAge)[3]).toBe(jobs[1]);
  });

  it('serves a new owner next, however many calls of another owner wait', () => {
    const queueing = new FairQueueing();
    const many = Array.from({ length: 100 }, (_, index) => due('a', index));
    for (let call = 0; call < 50; call += 1) queueing.onServed(due('a'));
    expect(owners(queueing.order([...many, due('b', 1000)], byAge)).slice(0, 3)).toBe('baa');
  });

  it('gives an owner no lead for the time without calls', () => {
    const queueing = new FairQueueing();
    queueing.onServed(due('b'));
    for (let call = 0; call < 50; call += 1) queueing.onServed(due('a'));
    const jobs = [due('a', 1), due('a', 2), due('b', 3), due('b', 4), due('b', 5)];
    // A lead of one call at most, not of fifty.
    expect(owners(queueing.order(jobs, byAge))).toBe('babab');
  });

  it('gives every other call of an owner to failing jobs, regardless of priority', () => {
    const queueing = new FairQueueing();
    const failing = [1, 2, 3].map((at) => due('a', at, 5));
    const others = [4, 5, 6].map((at) => due('a', at));
    const kinds = () =>
      queueing
        .order([...failing, ...others], byAge)
        .map(({ failureCount }) => (failureCount > 0 ? 'f' : 'o'));
    expect(kinds().join('')).toBe('ofofof');
    queueing.onServed(due('a'));
    expect(kinds().join('')).toBe('fofofo');
    queueing.onServed(due('a', 0, 1));
    expect(kinds().join('')).toBe('ofofof');
  });

  it('stops growing after a thousand owners', () => {
    const queueing = new FairQueueing();
    for (let owner = 0; owner < 5000; owner += 1) queueing.onServed(due(String(owner)));
    expect(owners(queueing.order([due('x', 2), due('y', 1)], byAge))).toBe('yx');
  });
});

import { describe, expect, it } from 'vitest';
import { NO_NOTES } from '../../src/domain/job/poll-notes.ts';
import { OwnerTurns } from '../../src/poller/owner-turns.ts';
import type { DueJob } from '../../src/store/job-store.ts';
import { acceptedJob } from '../support/jobs.ts';

function due(ownerId: string, createdAt = 0, failureCount = 0): DueJob {
  return { job: acceptedJob({ ownerId, createdAt }), lastPolledAt: null, failureCount, notes: NO_NOTES };
}

const owners = (jobs: readonly DueJob[]) => jobs.map(({ job }) => job.ownerId).join('');
/** The job that was created first has the highest priority. */
const byAge = ({ job }: DueJob) => -job.createdAt;

describe('the turns of owners', () => {
  it('serve owners in turn, and each owner’s calls by priority', () => {
    const turns = new OwnerTurns();
    const jobs = [due('a', 1), due('a', 2), due('a', 3), due('b', 4), due('b', 5), due('c', 6)];
    expect(owners(turns.order(jobs, byAge))).toBe('abcaba');
    expect(turns.order(jobs, byAge)[3]).toBe(jobs[1]);
  });

  it('serve a new owner next, however many calls another owner has waiting', () => {
    const turns = new OwnerTurns();
    const many = Array.from({ length: 100 }, (_, index) => due('a', index));
    for (let call = 0; call < 50; call += 1) turns.onServed(due('a'));
    expect(owners(turns.order([...many, due('b', 1000)], byAge)).slice(0, 3)).toBe('baa');
  });

  it('give an owner no lead for the time without calls', () => {
    const turns = new OwnerTurns();
    turns.onServed(due('b'));
    for (let call = 0; call < 50; call += 1) turns.onServed(due('a'));
    const jobs = [due('a', 1), due('a', 2), due('b', 3), due('b', 4), due('b', 5)];
    // At most one turn, not fifty.
    expect(owners(turns.order(jobs, byAge))).toBe('babab');
  });

  it('give every other call of an owner to failing jobs, regardless of priority', () => {
    const turns = new OwnerTurns();
    const sick = [1, 2, 3].map((at) => due('a', at, 5));
    const well = [4, 5, 6].map((at) => due('a', at));
    const kinds = () =>
      turns.order([...sick, ...well], byAge).map(({ failureCount }) => (failureCount > 0 ? 's' : 'w'));
    expect(kinds().join('')).toBe('wswsws');
    turns.onServed(due('a'));
    expect(kinds().join('')).toBe('swswsw');
    turns.onServed(due('a', 0, 1));
    expect(kinds().join('')).toBe('wswsws');
  });

  it('stop growing after a thousand owners', () => {
    const turns = new OwnerTurns();
    for (let owner = 0; owner < 5000; owner += 1) turns.onServed(due(String(owner)));
    expect(owners(turns.order([due('x', 2), due('y', 1)], byAge))).toBe('yx');
  });
});

import { expect, it } from 'vitest';
import type { Job } from '../../../src/domain/job/job.ts';
import type { JobStore, ListQuery } from '../../../src/store/job-store.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { acceptedJob, completed, jobId, nextVersion } from '../../support/jobs.ts';
import { NOON, SECOND } from '../../support/times.ts';
import { leaseAll, createAll, idsOf, type OpenedStore, type OpenStore, present } from './opened-store.ts';

interface Listed extends OpenedStore {
  /** Ada's jobs, oldest first. */
  readonly jobs: readonly [Job, Job, Job, Job, Job];
}

export function listCases(open: OpenStore): void {
  it("lists only the owner's jobs, newest first", async () => {
    await using listed = await openWithJobs(open);
    expect(await list(listed.store)).toEqual(listed.jobs.toReversed());
    expect(idsOf(await list(listed.store, { ownerId: 'bob' }))).toHaveLength(1);
    expect(await list(listed.store, { ownerId: 'nobody' })).toEqual([]);
  });

  it('lists them oldest first when ascending', async () => {
    await using listed = await openWithJobs(open);
    expect(await list(listed.store, { ascending: true })).toEqual(listed.jobs);
  });

  it('excludes both bounds', async () => {
    await using listed = await openWithJobs(open);
    const { store, jobs } = listed;
    const [a, b, c, d, e] = jobs;
    expect(await list(store, { olderThan: d.id })).toEqual([c, b, a]);
    expect(await list(store, { newerThan: b.id })).toEqual([e, d, c]);
    expect(await list(store, { olderThan: e.id, newerThan: b.id })).toEqual([d, c]);
    expect(await list(store, { olderThan: e.id, newerThan: b.id, ascending: true })).toEqual([c, d]);
    expect(await list(store, { olderThan: b.id, newerThan: d.id })).toEqual([]);
    expect(await list(store, { olderThan: a.id })).toEqual([]);
  });

  it('accepts any text as a bound', async () => {
    await using listed = await openWithJobs(open);
    expect(await list(listed.store, { newerThan: jobId(NOON + 100 * SECOND) })).toEqual([]);
    expect(await list(listed.store, { olderThan: '' })).toEqual([]);
    expect(await list(listed.store, { olderThan: '~', limit: 2 })).toEqual([listed.jobs[4], listed.jobs[3]]);
  });

  it('lists up to the limit from either side', async () => {
    await using listed = await openWithJobs(open);
    const { store, jobs } = listed;
    const [a, b, c, d, e] = jobs;
    expect(await list(store, { limit: 2 })).toEqual([e, d]);
    expect(await list(store, { limit: 2, ascending: true })).toEqual([a, b]);
    expect(await list(store, { limit: 1, olderThan: d.id })).toEqual([c]);
    expect(await list(store, { limit: 1, newerThan: b.id, ascending: true })).toEqual([c]);
    expect(await list(store, { limit: 0 })).toEqual([]);
  });

  it('lists only jobs in the requested phases, and none for an empty list', async () => {
    await using listed = await openWithJobs(open);
    const { store } = listed;
    const [a, b, c, d, e] = listed.jobs;
    const [, leaseB, , leaseD] = (await leaseAll(store, NOON + 4 * SECOND)).filter(
      (leased) => leased.job.ownerId === 'ada',
    );
    const running = nextVersion(b, { phase: 'processing' });
    const done = completed(d, NOON);
    await store.save(present(leaseB).leaseId, { job: running, schedule: null });
    await store.save(present(leaseD).leaseId, { job: done, schedule: null });
    expect(await list(store, { phases: ['accepted'] })).toEqual([e, c, a]);
    expect(await list(store, { phases: ['completed', 'failed', 'processing'] })).toEqual([done, running]);
    expect(await list(store, { phases: ['accepted'], limit: 1, olderThan: e.id })).toEqual([c]);
    expect(await list(store, { phases: [] })).toEqual([]);
  });
}

/** Opens a store with five jobs of Ada and one of Bob in between. */
async function openWithJobs(open: OpenStore): Promise<Listed> {
  const opened = await open(new FakeClock());
  const jobs = [at(0), at(1), at(2), at(3), at(4)] as const;
  await createAll(opened.store, [jobs[3], jobs[1], at(2, 'bob'), jobs[0], jobs[4], jobs[2]]);
  return { ...opened, jobs, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
}

function at(seconds: number, ownerId = 'ada'): Job {
  return acceptedJob({ ownerId, createdAt: NOON + seconds * SECOND });
}

function list(store: JobStore, change: Partial<ListQuery> = {}): Promise<Job[]> {
  const all = { ownerId: 'ada', phases: null, olderThan: null, newerThan: null };
  return store.list({ ...all, ascending: false, limit: 100, ...change });
}

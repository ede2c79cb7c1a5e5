import { expect, it } from 'vitest';
import type { Job } from '../../../src/domain/job/job.ts';
import {
  type LeasedJob,
  type LeaseQuery,
  type JobStore,
  MAX_CANDIDATES,
} from '../../../src/store/job-store.ts';
import { acceptedJob, completed, type JobFields, nextVersion } from '../../support/jobs.ts';
import { MINUTE, NOON, SECOND } from '../../support/times.ts';
import {
  type Choose,
  leaseAll,
  leaseUpTo,
  createAll,
  createAndLease,
  idsOf,
  type OpenStore,
  storePerTest,
  present,
} from './opened-store.ts';

const LATER = NOON + 10 * SECOND;

export function chooseCases(open: OpenStore): void {
  const opened = storePerTest(open);
  it('leases the preferred jobs in order when more are due than the call limit', async () => {
    const jobs = await running(opened.store, 6);
    const offered: string[] = [];
    const order = [3, 1, 4];
    const leases = await leaseBy(opened.store, 3, (due) => {
      offered.push(...idsOf(due));
      return order.map((i) => present(due.find(({ job }) => job.id === jobs[i]?.id)));
    });
    expect(idsOf(leases)).toEqual(order.map((i) => jobs[i]?.id));
    expect(offered.toSorted()).toEqual(idsOf(jobs).toSorted());
    expect(leases).toMatchObject(order.map(() => ({ failureCount: 0, lastPolledAt: NOON, notes: {} })));
  });

  it("returns candidates with the poller's fields", async () => {
    const { store } = opened;
    const notes = { lastError: 'It broke.' };
    await store.release(await createAndLease(store, acceptedJob()), {
      runAt: NOON,
      failureCount: 3,
      lastPolledAt: 5,
      notes,
    });
    await createAll(store, [acceptedJob()]);
    const [leased] = await leaseBy(store, 1, (due) => due.filter(({ failureCount }) => failureCount > 0));
    expect(leased).toMatchObject({ failureCount: 3, lastPolledAt: 5, notes });
  });

  it('leases no job that is not preferred, and no more than the call limit', async () => {
    const jobs = await running(opened.store, 6);
    expect(await leaseBy(opened.store, 3, () => [])).toEqual([]);
    expect(await leaseBy(opened.store, 3, (due) => due.slice(0, 1))).toHaveLength(1);
    expect(await leaseBy(opened.store, 3, (due) => due)).toHaveLength(3);
    expect(await leaseAll(opened.store, LATER)).toHaveLength(jobs.length - 4);
  });

  it('returns no candidates when the call limit covers all due jobs or is 0', async () => {
    const jobs = await running(opened.store, 3);
    await createAll(opened.store, [acceptedJob({ createdAt: LATER + 1 })]);
    expect(await leaseBy(opened.store, 0, refuse)).toEqual([]);
    expect(idsOf(await leaseBy(opened.store, 3, refuse))).toEqual(idsOf(jobs));
    expect(await leaseBy(opened.store, 3, refuse)).toEqual([]);
  });

  it('leases jobs past their deadline first even if they are not preferred, and none that is not due, is leased or excepted', async () => {
    const [leased, excepted, ...jobs] = await running(opened.store, 5);
    await leaseUpTo(opened.store, NOON, 1);
    const late = acceptedJob({ deadlineAt: NOON + SECOND });
    const future = acceptedJob({ createdAt: LATER + 1 });
    await createAll(opened.store, [late, future]);
    const offered: string[] = [];
    const choose: Choose = (due) => {
      offered.push(...idsOf(due));
      return due.filter(({ job }) => job.id === jobs[2]?.id);
    };
    const leases = await leaseBy(opened.store, 1, choose, { except: [present(excepted).id] });
    expect(idsOf(leases)).toEqual([late.id, jobs[2]?.id]);
    expect(offered.toSorted()).toEqual(idsOf(jobs).toSorted());
    expect(offered).not.toContain(leased?.id);
  });

  it(
    'returns the first jobs of each owner, however many another owner has',
    { timeout: 60_000 },
    async () => {
      const many = Array.from({ length: MAX_CANDIDATES + 100 }, (_, i) =>
        acceptedJob({ createdAt: NOON + i }),
      );
      const [bobs, cleos] = [3, 1].map((count) =>
        Array.from({ length: count }, (_, i) =>
          acceptedJob({ ownerId: `owner of ${count}`, createdAt: NOON + SECOND + i }),
        ),
      );
      await Promise.all(
        [...many, ...present(bobs), ...present(cleos)].map((job) => createAll(opened.store, [job])),
      );
      const offered = await offeredBy(opened.store);
      expect(offered).toHaveLength(MAX_CANDIDATES);
      expect(new Set(offered).size).toBe(MAX_CANDIDATES);
      expect(offered).toEqual(expect.arrayContaining(idsOf([...present(bobs), ...present(cleos)])));
      // Only the longest due jobs of the owner with many.
      expect(offered).toEqual(expect.arrayContaining(idsOf(many.slice(0, 100))));
    },
  );

  it('returns jobs of each priority, however many another priority has', { timeout: 60_000 }, async () => {
    const { store } = opened;
    const jobs = await running(store, MAX_CANDIDATES + 50);
    const leases = await leaseUpTo(store, LATER, 3);
    const [failing, done] = leases;
    await store.release(present(failing), { runAt: LATER, failureCount: 1, lastPolledAt: null });
    const collecting = await queue(store, present(done), LATER, { phase: 'collecting' });
    const accepted = acceptedJob({ createdAt: LATER });
    await createAll(store, [accepted]);
    const offered = await offeredBy(store);
    const rare = [present(failing).job.id, collecting.id, accepted.id];
    expect(offered).toEqual(expect.arrayContaining(rare));
    expect(offered).toHaveLength(MAX_CANDIDATES);
    // The job is submitted now, so it has priority 0 and is due after all others.
    const [submitted] = await leaseBy(store, 1, (due) => due.filter(({ job }) => job.id === accepted.id));
    await queue(store, present(submitted), LATER);
    expect(await offeredBy(store)).not.toContain(accepted.id);
    expect(jobs).toHaveLength(MAX_CANDIDATES + 50);
  });

  it('returns no final job as a candidate', async () => {
    const leased = await createAndLease(opened.store, acceptedJob());
    await opened.store.save(leased.leaseId, { job: completed(leased.job, NOON), schedule: null });
    const left = await running(opened.store, 2);
    expect((await offeredBy(opened.store)).toSorted()).toEqual(idsOf(left).toSorted());
  });

  it('keeps the time of the last poll over saves and releases', async () => {
    const { store } = opened;
    const created = await createAndLease(store, acceptedJob());
    expect(created.lastPolledAt).toBeNull();
    const queued = nextVersion(created.job, { phase: 'queued' });
    const schedule = { runAt: NOON, failureCount: 0, lastPolledAt: NOON - 5 };
    await store.save(created.leaseId, { job: queued, schedule });
    const [saved] = await leaseAll(store, NOON);
    expect(saved?.lastPolledAt).toBe(NOON - 5);
    await store.release(present(saved), { runAt: NOON, failureCount: 0, lastPolledAt: NOON + 7 });
    expect((await leaseAll(store, NOON))[0]?.lastPolledAt).toBe(NOON + 7);
  });
}

/** Submitted jobs, due one after the other from noon on. */
async function running(store: JobStore, count: number): Promise<Job[]> {
  const jobs = Array.from({ length: count }, () => acceptedJob());
  await Promise.all(jobs.map((job) => createAll(store, [job])));
  const leases = await leaseAll(store, NOON);
  const places = new Map(jobs.map(({ id }, index) => [id, index]));
  const moved = await Promise.all(
    leases.map((leased) => queue(store, leased, NOON + present(places.get(leased.job.id)))),
  );
  return jobs.map(({ id }) => present(moved.find((job) => job.id === id)));
}

async function queue(store: JobStore, leased: LeasedJob, runAt = NOON, change: JobFields = {}): Promise<Job> {
  const job = nextVersion(leased.job, { phase: 'queued', ...change });
  await store.save(leased.leaseId, { job, schedule: { runAt, failureCount: 0, lastPolledAt: NOON } });
  return job;
}

function refuse(): never {
  throw new Error('There was nothing to choose.');
}

/** The ids of the candidates when one call is allowed. */
async function offeredBy(store: JobStore): Promise<string[]> {
  const offered: string[] = [];
  const leases = await leaseBy(store, 1, (due) => {
    offered.push(...idsOf(due));
    return [];
  });
  expect(leases).toEqual([]);
  return offered;
}

function leaseBy(
  store: JobStore,
  callLimit: number,
  choose: Choose,
  change: Partial<LeaseQuery> = {},
): Promise<LeasedJob[]> {
  return leaseUpTo(store, LATER, 1000, { leaseUntil: LATER + MINUTE, callLimit, choose, ...change });
}

import { expect, it } from 'vitest';
import { acceptedJob, completed, nextVersion, record } from '../../support/jobs.ts';
import { MINUTE, NOON, SECOND } from '../../support/times.ts';
import {
  leaseAll,
  leaseUpTo,
  createAll,
  createAndLease,
  idsOf,
  type OpenStore,
  storePerTest,
  present,
} from './opened-store.ts';

const LATER = NOON + SECOND;

export function leaseCases(open: OpenStore): void {
  const opened = storePerTest(open);
  it('leases only due jobs, the longest due first', async () => {
    const seconds = [2, 0, 1, 4];
    const jobs = seconds.map((offset) => acceptedJob({ createdAt: NOON + offset * SECOND }));
    const [late, early, middle] = jobs;
    await createAll(opened.store, jobs);
    const leases = await leaseAll(opened.store, NOON + 3 * SECOND);
    expect(leases.map(({ job }) => job)).toEqual([early, middle, late]);
    expect(leases.map(({ failureCount }) => failureCount)).toEqual([0, 0, 0]);
    expect(new Set(leases.map(({ leaseId }) => leaseId)).size).toBe(3);
  });

  it('leases the longest due first also when most of them are in one shard', async () => {
    const jobs = Array.from({ length: 60 }, (_, index) => {
      const job = acceptedJob({ createdAt: NOON + index });
      return index % 4 === 0 ? job : { ...job, id: `${job.id.slice(0, -1)}7` };
    });
    await createAll(opened.store, jobs.toReversed());
    const leased = () =>
      opened.store.leaseDue({
        now: LATER,
        leaseUntil: LATER + MINUTE,
        limit: 25,
        callLimit: 25,
        except: [],
        preferred: null,
      });
    expect(idsOf(await leased())).toEqual(idsOf(jobs.slice(0, 25)));
    expect(idsOf(await leased())).toEqual(idsOf(jobs.slice(25, 50)));
  });

  it('leases a job in the millisecond in which it is due', async () => {
    await createAll(opened.store, [acceptedJob()]);
    expect(await leaseAll(opened.store, NOON - 1)).toEqual([]);
    expect(await leaseAll(opened.store, NOON)).toHaveLength(1);
  });

  it('leases a job to one poller until the lease expires, then to another with a new id', async () => {
    const { store } = opened;
    const first = await createAndLease(store, acceptedJob());
    expect(await leaseAll(store, NOON + MINUTE - 1)).toEqual([]);
    const [second] = await leaseAll(store, NOON + MINUTE);
    expect(present(second).job).toEqual(first.job);
    expect(present(second).leaseId).not.toBe(first.leaseId);
  });

  it('leases each job to one of many concurrent pollers', async () => {
    const jobs = Array.from({ length: 30 }, () => acceptedJob());
    await createAll(opened.store, jobs);
    const pollers = Array.from({ length: 10 }, () =>
      opened.store.leaseDue({
        now: NOON,
        leaseUntil: NOON + MINUTE,
        limit: 7,
        callLimit: 7,
        except: [],
        preferred: null,
      }),
    );
    const leased = (await Promise.all(pollers)).flat();
    expect(idsOf(leased).toSorted()).toEqual(idsOf(jobs));
    expect(new Set(leased.map(({ leaseId }) => leaseId)).size).toBe(30);
  });

  it('leases at most as many as the limit and the call limit allow', async () => {
    const jobs = Array.from({ length: 6 }, (_, i) => acceptedJob({ createdAt: NOON + i }));
    await createAll(opened.store, jobs);
    const leased = async (limit: number, callLimit: number) =>
      idsOf(
        await opened.store.leaseDue({
          now: NOON + SECOND,
          leaseUntil: NOON + MINUTE,
          limit,
          callLimit,
          except: [],
          preferred: null,
        }),
      );
    expect(await leased(2, 100)).toEqual(idsOf(jobs.slice(0, 2)));
    expect(await leased(100, 1)).toEqual(idsOf(jobs.slice(2, 3)));
    expect(await leased(100, 0)).toEqual([]);
    expect(await leased(0, 100)).toEqual([]);
    expect(await leased(100, Infinity)).toEqual(idsOf(jobs.slice(3)));
  });

  it('leases jobs past their deadline first, beyond the call limit but within the limit', async () => {
    const due = acceptedJob({ createdAt: NOON, deadlineAt: NOON + MINUTE });
    const late = [3, 1, 2].map((seconds) =>
      acceptedJob({ createdAt: NOON + SECOND, deadlineAt: NOON + seconds * SECOND }),
    );
    await createAll(opened.store, [due, ...late]);
    const [third, first, second] = late;
    const now = NOON + 3 * SECOND;
    const leased = async (limit: number, callLimit: number) =>
      (
        await opened.store.leaseDue({
          now,
          leaseUntil: now + MINUTE,
          limit,
          callLimit,
          except: [],
          preferred: null,
        })
      ).map(({ job }) => job);
    expect(await leased(1, 0)).toEqual([first]);
    expect(await leased(2, 0)).toEqual([second, third]);
    expect(await leased(2, 1)).toEqual([due]);
  });

  it('counts jobs past their deadline for the limit, but not for the call limit', async () => {
    const late = acceptedJob({ deadlineAt: NOON });
    const due = [acceptedJob(), acceptedJob(), acceptedJob()];
    await createAll(opened.store, [...due, late]);
    const leased = async (limit: number, callLimit: number) =>
      (
        await opened.store.leaseDue({
          now: NOON,
          leaseUntil: NOON + MINUTE,
          limit,
          callLimit,
          except: [],
          preferred: null,
        })
      ).length;
    expect(await leased(2, 2)).toBe(2);
    expect(idsOf(await leaseAll(opened.store, NOON))).toHaveLength(2);
    await createAll(opened.store, [acceptedJob({ deadlineAt: NOON }), acceptedJob(), acceptedJob()]);
    expect(await leased(3, 1)).toBe(2);
  });

  it('does not lease a job past its deadline while another lease holds', async () => {
    await createAndLease(opened.store, acceptedJob({ deadlineAt: NOON + SECOND }));
    expect(await leaseAll(opened.store, NOON + 2 * SECOND)).toEqual([]);
    expect(await leaseAll(opened.store, NOON + MINUTE)).toHaveLength(1);
  });

  it('never leases a final job', async () => {
    const leased = await createAndLease(opened.store, acceptedJob());
    await opened.store.save(leased.leaseId, { job: completed(leased.job, NOON), schedule: null });
    expect(await leaseAll(opened.store, NOON + 1000 * MINUTE)).toEqual([]);
  });

  it('returns a released job unchanged at its due time, with its failure count', async () => {
    const { store } = opened;
    const { job, ...leased } = await createAndLease(store, acceptedJob());
    await store.release(
      { job, ...leased },
      { runAt: NOON + 5 * SECOND, failureCount: 3, lastPolledAt: null },
    );
    expect(await store.nextDueAt()).toBe(NOON + 5 * SECOND);
    expect(await leaseAll(store, NOON + 5 * SECOND - 1)).toEqual([]);
    const [again] = await leaseAll(store, NOON + 5 * SECOND);
    expect(again).toMatchObject({ job, failureCount: 3 });
  });

  it('ignores a release without a valid lease', async () => {
    const { store } = opened;
    const lost = await createAndLease(store, acceptedJob());
    const [held] = await leaseAll(store, NOON + MINUTE);
    await store.release(lost, { runAt: NOON, failureCount: 9, lastPolledAt: null });
    expect(await leaseAll(store, NOON + MINUTE)).toEqual([]);
    await store.release(present(held), { runAt: NOON + 2 * MINUTE, failureCount: 1, lastPolledAt: null });
    await store.release(present(held), { runAt: NOON, failureCount: 9, lastPolledAt: null });
    expect(await store.nextDueAt()).toBe(NOON + 2 * MINUTE);
    expect((await leaseAll(store, NOON + 2 * MINUTE))[0]?.failureCount).toBe(1);
  });

  it('ignores the release of a final job, which is never due again', async () => {
    const leased = await createAndLease(opened.store, acceptedJob());
    await opened.store.save(leased.leaseId, { job: completed(leased.job, NOON), schedule: null });
    await opened.store.release(leased, { runAt: NOON, failureCount: 0, lastPolledAt: null });
    expect(await opened.store.nextDueAt()).toBeNull();
    expect(await leaseAll(opened.store, NOON + MINUTE)).toEqual([]);
  });

  it('leases a job in its last saved version', async () => {
    const { store } = opened;
    const leased = await createAndLease(store, acceptedJob());
    const queued = nextVersion(leased.job, { phase: 'queued', upstreamId: 'up-1' });
    await store.save(leased.leaseId, {
      job: queued,
      schedule: { runAt: NOON + SECOND, failureCount: 2, lastPolledAt: null },
    });
    const [again] = await leaseAll(store, NOON + SECOND);
    expect(again).toMatchObject({ job: queued, failureCount: 2 });
  });

  it('leases no excepted job, however many of them are due earlier', async () => {
    const jobs = Array.from({ length: 60 }, (_, i) => acceptedJob({ createdAt: NOON + i }));
    const late = [1, 2].map((seconds) => acceptedJob({ deadlineAt: NOON + seconds * SECOND }));
    await createAll(opened.store, [...jobs, ...late]);
    const now = NOON + 2 * SECOND;
    const except = [...idsOf(jobs.slice(0, 58)), present(late[0]).id, 'unknown'];
    const leased = (limit: number) => leaseUpTo(opened.store, now, limit, { except });
    expect(idsOf(await leased(2))).toEqual(idsOf([present(late[1]), present(jobs[58])]));
    expect(idsOf(await leased(100))).toEqual([present(jobs[59]).id]);
    expect(await leased(100)).toEqual([]);
    expect(idsOf(await leaseAll(opened.store, now))).toHaveLength(59);
  });

  it('leases no excepted job whose lease has expired', async () => {
    const { job } = await createAndLease(opened.store, acceptedJob());
    expect(await leaseUpTo(opened.store, NOON + MINUTE, 9, { except: [job.id] })).toEqual([]);
    expect(await leaseAll(opened.store, NOON + MINUTE)).toHaveLength(1);
  });

  it('keeps the notes of a job over saves and releases until a schedule replaces them', async () => {
    const { store } = opened;
    const NEXT = { runAt: NOON, failureCount: 0, lastPolledAt: null };
    const notes = { notFoundSince: NOON - 5, lastError: "a “cat” — 猫\u0000 '); --", historyLooks: 2 };
    const again = async () => present((await leaseAll(store, NOON))[0]);
    const leased = await createAndLease(store, acceptedJob());
    expect(leased.notes).toEqual({});
    await store.release(leased, { ...NEXT, notes });
    const released = await again();
    expect(released.notes).toEqual(notes);
    const second = nextVersion(released.job);
    await store.save(released.leaseId, { job: second, schedule: null });
    await store.save(released.leaseId, { job: nextVersion(second), schedule: { ...NEXT, notes } });
    const saved = await again();
    expect(saved.notes).toEqual(notes);
    await store.save(saved.leaseId, { job: nextVersion(saved.job), schedule: NEXT });
    const cleared = await again();
    expect(cleared.notes).toEqual({});
    await store.release(cleared, { ...NEXT, notes });
    await store.release(await again(), NEXT);
    expect((await again()).notes).toEqual({});
  });

  it('keeps the notes when the poller is lost after a save without a schedule', async () => {
    const { store } = opened;
    const notes = { candidateId: 'up-1' };
    await store.release(await createAndLease(store, acceptedJob()), {
      runAt: NOON,
      failureCount: 2,
      lastPolledAt: 7,
      notes,
    });
    const leased = present((await leaseAll(store, NOON))[0]);
    await store.save(leased.leaseId, { job: nextVersion(leased.job), schedule: null });
    expect((await leaseAll(store, NOON + MINUTE))[0]).toMatchObject({
      notes,
      failureCount: 2,
      lastPolledAt: 7,
    });
  });

  it('leases a job that was created after a search without a result', async () => {
    expect(await leaseAll(opened.store, NOON)).toEqual([]);
    const job = acceptedJob();
    await opened.store.create(record(job));
    expect(idsOf(await leaseAll(opened.store, NOON))).toEqual([job.id]);
  });
}

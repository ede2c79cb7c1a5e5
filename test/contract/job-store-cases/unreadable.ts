import { expect, it } from 'vitest';
import { acceptedJob, keyedJob, record } from '../../support/jobs.ts';
import { DAY, HOUR, MINUTE, NOON, SECOND } from '../../support/times.ts';
import {
  leaseAll,
  leaseUpTo,
  createAll,
  DAMAGES,
  idsOf,
  type OpenStore,
  storePerTest,
  present,
  unavailableBy,
} from './opened-store.ts';

const ALL = { phases: null, olderThan: null, newerThan: null, limit: 100 };

export function unreadableCases(open: OpenStore): void {
  const opened = storePerTest(open);
  it.each(DAMAGES)('leases all other jobs in the same call when one is damaged in its %s', async (damage) => {
    const { store } = opened;
    const jobs = Array.from({ length: 40 }, (_, i) => acceptedJob({ createdAt: NOON + i }));
    await createAll(store, jobs);
    const [first, broken, ...others] = jobs.map(present);
    await opened.damage(present(broken).id, damage);
    expect(idsOf(await leaseUpTo(store, NOON + SECOND, 2))).toEqual(
      idsOf([present(first), present(others[0])]),
    );
    expect(idsOf(await leaseAll(store, NOON + SECOND))).toEqual(idsOf(others.slice(1)));
    expect(opened.unreadable).toEqual([broken?.id]);
    expect(await store.health()).toEqual({ quarantined: 1 });
    // The damaged job is never due again, not even at its deadline.
    expect(await store.nextDueAt()).toBe(NOON + SECOND + MINUTE);
    expect(idsOf(await leaseAll(store, NOON + 10 * HOUR))).not.toContain(broken?.id);
    expect(opened.unreadable).toHaveLength(1);
  });

  it.each(DAMAGES)('leases other jobs past their deadline when one is damaged in its %s', async (damage) => {
    const jobs = [acceptedJob(), acceptedJob(), acceptedJob()];
    await createAll(opened.store, jobs);
    await opened.damage(present(jobs[1]).id, damage);
    const leases = await leaseUpTo(opened.store, NOON + HOUR, 10, { callLimit: 0 });
    expect(idsOf(leases).toSorted()).toEqual(idsOf([present(jobs[0]), present(jobs[2])]));
    expect(await opened.store.health()).toEqual({ quarantined: 1 });
  });

  it.each(DAMAGES)('still has the record of a job that is damaged in its %s', async (damage) => {
    const { store } = opened;
    const job = acceptedJob();
    expect(await store.isStored(job.id)).toBe(false);
    await createAll(store, [job]);
    await opened.damage(job.id, damage);
    expect(await store.isStored(job.id)).toBe(true);
  });

  it('leases other jobs up to the limit when many are damaged', async () => {
    const jobs = Array.from({ length: 60 }, (_, i) => acceptedJob({ createdAt: NOON + i }));
    await createAll(opened.store, jobs);
    for (const { id } of jobs.slice(0, 30)) await opened.damage(id, 'syntax');
    expect(idsOf(await leaseUpTo(opened.store, NOON + SECOND, 10))).toEqual(idsOf(jobs.slice(30, 40)));
    expect(idsOf(await leaseAll(opened.store, NOON + SECOND))).toEqual(idsOf(jobs.slice(40)));
    expect(opened.unreadable.toSorted()).toEqual(idsOf(jobs.slice(0, 30)));
    expect(await opened.store.health()).toEqual({ quarantined: 30 });
  });

  it.each(DAMAGES)(
    'returns no job that is damaged in its %s as a candidate or as waiting',
    async (damage) => {
      const jobs = [0, 1, 2, 3].map((i) => acceptedJob({ createdAt: NOON + i }));
      await createAll(opened.store, jobs);
      const [chosen, broken, waiting, other] = jobs.map(present);
      await opened.damage(present(broken).id, damage);
      await opened.damage(present(waiting).id, damage);
      const offered: string[] = [];
      await leaseUpTo(opened.store, NOON + 1, 1, {
        choose: (due) => {
          offered.push(...idsOf(due));
          return due.slice(0, 1);
        },
      });
      expect(offered.filter((id) => id !== chosen?.id)).toEqual([]);
      const left = new Set(idsOf(await opened.store.findWaiting(NOON + SECOND, 10)));
      expect(left.has(present(other).id)).toBe(true);
      expect(left.has(present(broken).id) || left.has(present(waiting).id)).toBe(false);
      expect(await opened.store.health()).toEqual({ quarantined: 2 });
    },
  );

  it.each(DAMAGES)('leaves a job that is damaged in its %s out of lists and reads', async (damage) => {
    const { store } = opened;
    const jobs = Array.from({ length: 5 }, (_, i) => acceptedJob({ createdAt: NOON + i }));
    await createAll(store, jobs);
    const [a, b, broken, d, e] = jobs.map(present);
    await opened.damage(present(broken).id, damage);
    expect(await store.list({ ...ALL, ownerId: 'ada', ascending: true })).toEqual([a, b, d, e]);
    // The page is full without the damaged job.
    expect(await store.list({ ...ALL, ownerId: 'ada', ascending: false, limit: 3 })).toEqual([e, d, b]);
    const ids = idsOf(jobs);
    expect(await store.getMany(ids)).toEqual([a, b, null, d, e]);
    expect(opened.cache?.get(present(broken).id)).toBeUndefined();
    expect(opened.unreadable).toEqual([broken?.id]);
    expect(await store.health()).toEqual({ quarantined: 1 });
    expect(idsOf(await leaseAll(store, NOON + SECOND))).toEqual(idsOf([a, b, d, e].map(present)));
  });

  it.each(DAMAGES)('creates no second job with the key of one that is damaged in its %s', async (damage) => {
    const { clock } = opened;
    const key = { idempotencyKey: 'order-7' };
    const job = keyedJob('order-7');
    await opened.store.create(record(job, key));
    await opened.damage(job.id, damage);
    for (let i = 0; i < 2; i += 1) {
      const error = await unavailableBy(opened.store.create(record(keyedJob('order-7'), key)));
      expect(error.message).toContain(job.id);
      expect(error.message).toContain('cannot be read');
    }
    expect(opened.unreadable).toEqual([job.id]);
    expect(await opened.store.health()).toEqual({ quarantined: 1 });
    expect(await leaseAll(opened.store, NOON)).toEqual([]);
    clock.jump(DAY);
    const next = keyedJob('order-7', { createdAt: clock.now() });
    expect(await opened.store.create(record(next, key))).toEqual({ type: 'created' });
  });

  it('counts no readable job as quarantined', async () => {
    await createAll(opened.store, [acceptedJob()]);
    expect(await opened.store.health()).toEqual({ quarantined: 0 });
    expect(opened.unreadable).toEqual([]);
  });
}

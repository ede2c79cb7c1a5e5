import { afterEach, beforeEach, expect, it } from 'vitest';
import type { BacklogReader } from '../../src/store/backlog.ts';
import type { JobStore } from '../../src/store/job-store.ts';
import type { OperatorActions } from '../../src/store/operator-actions.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { acceptedJob, completed } from '../support/jobs.ts';
import { MINUTE, NOON, SECOND } from '../support/times.ts';
import { until } from '../support/until.ts';
import type { OpenedBacklog } from './backlog.ts';
import { createAll, createAndLease, leaseUpTo, present } from './job-store-cases/opened-store.ts';

/** An open, empty store with the actions of operators. */
export interface OpenedActions extends OpenedBacklog {
  readonly actions: OperatorActions;
  /** Restores a job that was damaged by `syntax`. */
  readonly repair: (jobId: string) => Promise<void>;
  /** Removes a job from the memory of the store. */
  readonly forget: (jobId: string) => Promise<void>;
}

/** Cases of the `OperatorActions` port. */
export function operatorActionsCases(open: (clock: FakeClock) => Promise<OpenedActions>): void {
  let opened: OpenedActions;
  let clock: FakeClock;
  let store: JobStore;
  let backlog: BacklogReader;
  let actions: OperatorActions;
  beforeEach(async () => {
    clock = new FakeClock();
    opened = await open(clock);
    ({ store, backlog, actions } = opened);
  });
  afterEach(() => opened[Symbol.asyncDispose]());

  /** The ids of the jobs that wake pollers from now on. */
  const wokenBy = async (): Promise<string[]> => {
    const ids: string[] = [];
    await store.subscribe({ type: 'work' }, ({ id }) => ids.push(id));
    return ids;
  };

  it('puts a record back once it is repaired: the job is due at once, and pollers wake', async () => {
    const leased = await createAndLease(store, acceptedJob());
    const { job } = leased;
    await opened.damage(job.id, 'syntax');
    clock.jump(2 * MINUTE);
    expect(await leaseUpTo(store, clock.now(), 1)).toEqual([]);
    await store.health();
    const refused = await actions.releaseRecord(job.id, clock.now());
    expect(refused.type).toBe('unreadable');
    expect(await store.health()).toEqual({ quarantined: 1 });
    expect(await store.nextDueAt()).toBeNull();
    await opened.repair(job.id);
    const woken = await wokenBy();
    expect(await actions.releaseRecord(job.id, clock.now())).toEqual({ type: 'released', job });
    await until(() => woken, [job.id]);
    expect(await store.health()).toEqual({ quarantined: 0 });
    expect(await backlog.findQuarantined(5)).toEqual([]);
    expect(await store.getMany([job.id])).toEqual([job]);
    expect((await leaseUpTo(store, clock.now(), 5)).map((one) => one.job)).toEqual([job]);
    expect(await actions.releaseRecord(job.id, clock.now())).toEqual({ type: 'missing' });
  });

  it('puts a record back also when it has become unreadable again', async () => {
    const job = acceptedJob();
    await createAll(store, [job]);
    for (let times = 0; times < 2; times += 1) {
      await opened.damage(job.id, 'syntax');
      expect(await leaseUpTo(store, clock.now(), 1)).toEqual([]);
      await store.health();
      expect(await backlog.findQuarantined(5)).toHaveLength(1);
      await opened.repair(job.id);
      expect(await actions.releaseRecord(job.id, clock.now())).toEqual({ type: 'released', job });
    }
    expect(opened.unreadable).toEqual([job.id, job.id]);
  });

  it('puts a finished record back without a schedule', async () => {
    const leased = await createAndLease(store, acceptedJob());
    const job = completed(leased.job, NOON);
    await store.save(leased.leaseId, { job, schedule: null });
    await opened.damage(job.id, 'syntax');
    await opened.forget(job.id);
    expect(await store.getMany([job.id])).toEqual([null]);
    await store.health();
    await opened.repair(job.id);
    expect(await actions.releaseRecord(job.id, clock.now())).toEqual({ type: 'released', job });
    expect(await store.nextDueAt()).toBeNull();
    expect(await store.getMany([job.id])).toEqual([job]);
  });

  it('knows no record that is not in the quarantine', async () => {
    const job = acceptedJob();
    await createAll(store, [job]);
    for (const id of [job.id, 'vj_none', ''])
      expect(await actions.releaseRecord(id, clock.now())).toEqual({ type: 'missing' });
    expect(await leaseUpTo(store, clock.now(), 5)).toHaveLength(1);
  });

  it('makes a paused job due, keeps its other fields, and wakes pollers', async () => {
    const leased = await createAndLease(store, acceptedJob());
    const { job } = leased;
    const paused = { runAt: NOON + MINUTE, failureCount: 6, lastPolledAt: null, notes: { polls: 3 } };
    await store.release(leased, paused);
    const found = present(await actions.findScheduled(job.id, clock.now()));
    expect(found).toEqual({ ...paused, job, isLeased: false });
    const woken = await wokenBy();
    expect(await actions.makeDue(found, clock.now())).toBe(true);
    await until(() => woken, [job.id]);
    expect(await actions.makeDue(found, clock.now())).toBe(false);
    expect(await leaseUpTo(store, clock.now(), 5)).toMatchObject([
      { job, failureCount: 6, notes: { polls: 3 } },
    ]);
  });

  it('takes no job from a poller', async () => {
    const leased = await createAndLease(store, acceptedJob());
    const { job } = leased;
    await store.release(leased, { runAt: NOON + SECOND, failureCount: 1, lastPolledAt: null });
    const before = present(await actions.findScheduled(job.id, clock.now()));
    clock.jump(SECOND);
    await leaseUpTo(store, clock.now(), 1);
    expect(await actions.makeDue(before, clock.now())).toBe(false);
    const during = present(await actions.findScheduled(job.id, clock.now()));
    expect(during).toMatchObject({ isLeased: true, runAt: NOON + SECOND + MINUTE });
    expect(await actions.makeDue(during, clock.now())).toBe(false);
    expect(await leaseUpTo(store, clock.now(), 1)).toEqual([]);
  });

  it('finds no schedule of a job that has ended, or of none', async () => {
    const leased = await createAndLease(store, acceptedJob());
    const job = completed(leased.job, NOON);
    await store.save(leased.leaseId, { job, schedule: null });
    for (const id of [job.id, 'vj_none', '']) expect(await actions.findScheduled(id, clock.now())).toBeNull();
  });
}

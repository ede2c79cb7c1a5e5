import { expect, it } from 'vitest';
import type { Job } from '../../../src/domain/job/job.ts';
import type { JobStore } from '../../../src/store/job-store.ts';
import { acceptedJob, completed, failed, keyedJob, limits, record } from '../../support/jobs.ts';
import { DAY, HOUR, MINUTE, NOON } from '../../support/times.ts';
import { createAndLease, leaseAll, type OpenStore, present, storePerTest } from './opened-store.ts';

const ALL = { phases: null, olderThan: null, newerThan: null, ascending: false, limit: 9 };
const KEY = { idempotencyKey: 'order-7' };

/** Cases of `remove`, `subscribeRemovals` and `deleteVideoData`. */
export function removalCases(open: OpenStore): void {
  const opened = storePerTest(open);

  it('removes a final job with its video from reads and lists, and no other job', async () => {
    const { store } = opened;
    const kept = await finish(store, acceptedJob(), 'QUJD');
    const job = await finish(store, acceptedJob(), 'REVG');
    expect(await store.remove(job)).toBe('removed');
    expect(await store.getMany([job.id, kept.id])).toEqual([null, kept]);
    expect(await store.list({ ...ALL, ownerId: 'ada' })).toEqual([kept]);
    expect(await store.list({ ...ALL, ownerId: 'ada', phases: ['completed'] })).toEqual([kept]);
    expect(await store.getVideoData(job.id)).toBeNull();
    expect(await store.getVideoData(kept.id)).toBe('QUJD');
    expect(await store.remove(job)).toBe('missing');
  });

  it('removes a failed job', async () => {
    const { store } = opened;
    const leased = await createAndLease(store, acceptedJob());
    const job = failed(leased.job, NOON, 'NO');
    await store.save(leased.leaseId, { job, schedule: null });
    expect(await store.remove(job)).toBe('removed');
    expect(await store.getMany([job.id])).toEqual([null]);
  });

  it('does not remove an unfinished or unknown job', async () => {
    const { store } = opened;
    const job = acceptedJob();
    expect(await store.remove(completed(job, NOON))).toBe('missing');
    await store.create(record(job));
    expect(await store.remove(job)).toBe('unfinished');
    expect(await store.remove(completed(job, NOON))).toBe('unfinished');
    expect(await store.getMany([job.id])).toEqual([job]);
    expect(await leaseAll(store, NOON)).toHaveLength(1);
  });

  it('has one winner when a job is removed twice at the same time', async () => {
    const { store } = opened;
    const job = await finish(store, acceptedJob());
    const outcomes = await Promise.all([store.remove(job), store.remove(job)]);
    expect(outcomes.toSorted()).toEqual(['missing', 'removed']);
  });

  it('publishes a removal to the subscribers of its owner alone, once', async () => {
    const { store } = opened;
    const [adas, bobs] = [new Ids(), new Ids()];
    await store.subscribeRemovals('ada', adas.listener);
    await store.subscribeRemovals('bob', bobs.listener);
    const [first, ofBob, last] = [
      await finish(store, acceptedJob()),
      await finish(store, acceptedJob({ ownerId: 'bob' })),
      await finish(store, acceptedJob()),
    ];
    for (const job of [first, first, ofBob, last]) await store.remove(job);
    await Promise.all([adas.received(2), bobs.received(1)]);
    expect(adas.ids).toEqual([first.id, last.id]);
    expect(bobs.ids).toEqual([ofBob.id]);
  });

  it('publishes no removal to a subscriber that left', async () => {
    const { store } = opened;
    const [leaving, staying] = [new Ids(), new Ids()];
    const unsubscribe = await store.subscribeRemovals('ada', leaving.listener);
    await store.subscribeRemovals('ada', staying.listener);
    unsubscribe();
    unsubscribe();
    await store.remove(await finish(store, acceptedJob()));
    await staying.received(1);
    expect(leaving.ids).toEqual([]);
  });

  it("keeps the key of a removed job for the key's time: it makes no second job", async () => {
    const { store, clock } = opened;
    const job = await finish(store, keyedJob('order-7'), undefined, KEY);
    await store.remove(job);
    expect(await store.create(record(keyedJob('order-7'), KEY))).toEqual({ type: 'removed' });
    clock.jump(DAY - MINUTE);
    expect(await store.create(record(keyedJob('order-7'), KEY))).toEqual({ type: 'removed' });
    clock.jump(MINUTE);
    const next = keyedJob('order-7', { createdAt: clock.now() });
    expect(await store.create(record(next, KEY))).toEqual({ type: 'created' });
    expect(await store.create(record(keyedJob('order-7'), KEY))).toEqual({ type: 'duplicate', job: next });
  });

  it('stores no save of a removed job', async () => {
    const { store } = opened;
    const job = await finish(store, acceptedJob());
    await store.remove(job);
    expect(await store.save('', { job: completed(job, NOON), schedule: null })).toBe('missing');
    expect(await store.getMany([job.id])).toEqual([null]);
  });

  it('removes a job whose record cannot be read', async () => {
    const { store } = opened;
    const job = await finish(store, acceptedJob());
    await opened.damage(job.id, 'syntax');
    await store.list({ ...ALL, ownerId: 'ada' });
    expect(await store.health()).toEqual({ quarantined: 1 });
    expect(await store.remove(job)).toBe('removed');
    expect(await store.health()).toEqual({ quarantined: 0 });
  });

  it('deletes the base64 of a job, and keeps the job', async () => {
    const { store } = opened;
    const [job, other] = [
      await finish(store, acceptedJob(), 'QUJD'),
      await finish(store, acceptedJob(), 'REVG'),
    ];
    await store.deleteVideoData(job.id);
    await store.deleteVideoData(job.id);
    expect(await store.getVideoData(job.id)).toBeNull();
    expect(await store.getVideoData(other.id)).toBe('REVG');
    expect(await store.getMany([job.id])).toEqual([job]);
  });
}

/** Cases of removed jobs and the limits. */
export function removalLimitCases(open: OpenStore): void {
  const opened = storePerTest(open);

  it.each(['perDay', 'perDayPerOwner'] as const)('returns no place of %s', async (limit) => {
    const { store, clock } = opened;
    const within = { limits: limits({ [limit]: 1 }) };
    await store.remove(await finish(store, acceptedJob(), undefined, within));
    clock.jump(HOUR);
    const create = () => store.create(record(acceptedJob({ createdAt: clock.now() }), within));
    expect(await create()).toEqual({ type: 'refused', limit, retryAfterMs: DAY - HOUR });
    clock.jump(DAY - HOUR);
    expect(await create()).toEqual({ type: 'created' });
  });

  it('uses no place of a daily limit for a removed job that ended without cost', async () => {
    const { store } = opened;
    const within = { limits: limits({ perDay: 1, perDayPerOwner: 1 }) };
    const leased = await createAndLease(store, acceptedJob());
    const job = failed(leased.job, NOON, 'NO');
    await store.save(leased.leaseId, { job, schedule: null });
    await store.remove(job);
    expect(await store.create(record(acceptedJob(), within))).toEqual({ type: 'created' });
    expect((await store.create(record(acceptedJob(), within))).type).toBe('refused');
  });

  it('does not count a removed job as unfinished', async () => {
    const { store } = opened;
    const within = { limits: limits({ unfinished: 1, unfinishedPerOwner: 1 }) };
    for (let i = 0; i < 3; i += 1) {
      await store.remove(await finish(store, acceptedJob(), undefined, within));
    }
    expect((await store.create(record(acceptedJob(), within))).type).toBe('created');
    expect((await store.create(record(acceptedJob(), within))).type).toBe('refused');
  });
}

/** Creates a job and completes it. No other job may be due. */
async function finish(
  store: JobStore,
  job: Job,
  videoData?: string,
  change: Parameters<typeof record>[1] = {},
): Promise<Job> {
  expect(await store.create(record(job, change))).toEqual({ type: 'created' });
  const leased = present((await leaseAll(store, job.createdAt))[0]);
  const done = completed(leased.job, NOON);
  const saved = { job: done, schedule: null };
  await store.save(leased.leaseId, videoData === undefined ? saved : { ...saved, videoData });
  return done;
}

/** Records the ids of removed jobs. */
class Ids {
  readonly ids: string[] = [];
  #onReceived: () => void = () => {};

  readonly listener = (id: string): void => {
    this.ids.push(id);
    this.#onReceived();
  };

  async received(count: number): Promise<void> {
    while (this.ids.length < count) {
      // oxlint-disable-next-line no-await-in-loop
      await new Promise<void>((resolve) => {
        this.#onReceived = resolve;
      });
    }
  }
}

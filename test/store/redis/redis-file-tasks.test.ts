import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FileTaskQuery } from '../../../src/store/file-tasks.ts';
import { keys, shardOf, SHARDS } from '../../../src/store/redis/keys.ts';
import { RedisFileTasks } from '../../../src/store/redis/redis-file-tasks.ts';
import type { RedisJobStore } from '../../../src/store/redis/redis-job-store.ts';
import { createAndLease, present } from '../../contract/job-store-cases/opened-store.ts';
import { completed, jobId } from '../../support/jobs.ts';
import { MINUTE, NOON, SECOND } from '../../support/times.ts';
import { addFileTasks } from './add-file-tasks.ts';
import { freshJob, openRedis } from './open-redis.ts';
import { REDIS_KINDS } from './redis-kinds.ts';

describe.each(REDIS_KINDS)('file tasks on %s', (_, start) => {
  const resources = new AsyncDisposableStack();
  let flush: () => Promise<unknown>;
  let store: RedisJobStore;
  let tasks: RedisFileTasks;
  beforeAll(async () => {
    const redis = resources.use(await start());
    flush = () => redis.flush();
    store = resources.use(await openRedis(redis.urls));
    tasks = new RedisFileTasks(store.client, store.quarantine);
  }, 60_000);
  beforeEach(async () => {
    await flush();
  });
  afterAll(() => resources.disposeAsync());

  const lease = (now: number, change: Partial<FileTaskQuery> = {}) =>
    tasks.lease({ now, limit: 1000, leaseUntil: now + MINUTE, ...change });

  it('come from one shard as well as from all, the longest due first', async () => {
    const uneven = [...idsInShard(40, '7'), ...idsInShard(1, '8')];
    for (const [index, id] of uneven.entries()) await addFileTasks(store.client, [id], NOON + index);
    const leased = await lease(NOON + SECOND, { limit: 30 });
    expect(leased.map(({ jobId: id }) => id)).toEqual(uneven.slice(0, 30));
    expect((await lease(NOON + SECOND)).map(({ jobId: id }) => id)).toEqual(uneven.slice(30));
  });

  it('are each leased by one of two workers', async () => {
    const ids = SHARDS.flatMap((shard) => idsInShard(5, shard));
    await addFileTasks(store.client, ids, NOON);
    const other = new RedisFileTasks(store.client, store.quarantine);
    const half = { now: NOON, limit: 40, leaseUntil: NOON + MINUTE };
    const leased = (await Promise.all([tasks.lease(half), other.lease(half)])).flat();
    expect(leased.map(({ jobId: id }) => id).toSorted()).toEqual(ids.toSorted());
    expect(new Set(leased.map(({ leaseId }) => leaseId)).size).toBe(80);
  });

  it('take one entry of a set while they wait', async () => {
    const [id = ''] = idsInShard(1, '7');
    await addFileTasks(store.client, [id], NOON);
    const task = present((await lease(NOON))[0]);
    expect(await tasks.release(task, { runAt: NOON + MINUTE, failureCount: 2 })).toBe(true);
    const again = present((await lease(NOON + MINUTE))[0]);
    expect(again).toMatchObject({ jobId: id, failureCount: 2 });
    expect(await tasks.release(again, { runAt: NOON + MINUTE, failureCount: 0 })).toBe(true);
    expect(await store.client.exists(keys.fileLeases('7'))).toBe(0);
    expect(await store.client.zrange(keys.fileTasks('7'), 0, -1)).toEqual([id]);
  });

  it('of a shard whose key has another type do not hold up the others', async () => {
    const ids = [...idsInShard(2, '7'), ...idsInShard(2, '8'), ...idsInShard(2, '9')];
    await addFileTasks(store.client, ids, NOON);
    await store.client.set(keys.fileTasks('7'), 'spoiled');
    await store.client.set(keys.fileLeases('8'), 'spoiled');
    expect((await lease(NOON)).map(({ jobId: id }) => shardOf(id))).toEqual(['9', '9']);
    expect(await tasks.nextDueAt()).toBe(NOON);
    expect(await store.health()).toEqual({ quarantined: 2 });
    const leased = await createAndLease(store, { ...freshJob(), id: idsInShard(1, '7')[0] ?? '' });
    const done = completed(leased.job, Date.now());
    expect(await store.save(leased.leaseId, { job: done, schedule: null, addsFileTask: true })).toBe('saved');
    expect(await store.remove(done)).toBe('removed');
  });

  it('are not added twice, and a waiting one keeps its time', async () => {
    const [id = ''] = idsInShard(1, '7');
    await addFileTasks(store.client, [id], NOON);
    const leased = await createAndLease(store, { ...freshJob(), id });
    const change = { job: completed(leased.job, Date.now()), schedule: null, addsFileTask: true };
    expect(await store.save(leased.leaseId, change)).toBe('saved');
    expect(await store.save(leased.leaseId, change)).toBe('saved');
    expect(await tasks.nextDueAt()).toBe(NOON);
  });
});

function idsInShard(count: number, shard: string): string[] {
  return Array.from({ length: count }, () => jobId(NOON).slice(0, -1) + shard);
}

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sealedRemoval, sealKey } from '../../../../src/store/redis/events/event-seal.ts';
import { channels, keys, shardOf } from '../../../../src/store/redis/keys.ts';
import { RedisFileTasks } from '../../../../src/store/redis/redis-file-tasks.ts';
import type { RedisJobStore } from '../../../../src/store/redis/redis-job-store.ts';
import { createAndLease, present } from '../../../contract/job-store-cases/opened-store.ts';
import { completed, keyedJob, nextVersion, record } from '../../../support/jobs.ts';
import { RedisServer } from '../../../support/redis/redis-server.ts';
import { HOUR, MINUTE } from '../../../support/times.ts';
import { freshJob, openRedis } from '../open-redis.ts';

describe('a removed job in Redis', () => {
  const resources = new AsyncDisposableStack();
  let server: RedisServer;
  let store: RedisJobStore;
  beforeAll(async () => {
    server = resources.use(await RedisServer.start());
    store = resources.use(await openRedis([server.url]));
  });
  beforeEach(async () => {
    const secret = await store.client.get(keys.sealSecret);
    await server.run('FLUSHALL');
    await store.client.set(keys.sealSecret, present(secret));
  });
  afterAll(() => resources.disposeAsync());

  const finish = async (job = freshJob()) => {
    const leased = await createAndLease(store, job);
    const done = completed(leased.job, Date.now());
    const change = { job: done, schedule: null, videoData: 'QUJD', addsFileTask: true };
    expect(await store.save(leased.leaseId, change)).toBe('saved');
    return done;
  };

  it('leaves its idempotency key and its file task, and nothing else', async () => {
    const job = keyedJob('order-7', { createdAt: Date.now() });
    expect(await store.create(record(job, { idempotencyKey: 'order-7' }))).toEqual({ type: 'created' });
    const done = completed(job, Date.now());
    const change = { job: done, schedule: null, videoData: 'QUJD', addsFileTask: true };
    expect(await store.save('', change)).toBe('saved');
    expect(await store.remove(done)).toBe('removed');
    expect(await store.remove(done)).toBe('missing');
    const shard = shardOf(job.id);
    const limitKeys = new Set([keys.day(null), keys.unfinished(null)]);
    const left = (await server.list('KEYS', '*')).filter((name) => !limitKeys.has(name));
    const kept = [keys.idempotency(shard, 'ada', 'order-7'), keys.fileTasks(shard), keys.sealSecret];
    expect(left.toSorted()).toEqual(kept.toSorted());
    const again = keyedJob('order-7', { createdAt: Date.now() });
    expect(await store.create(record(again, { idempotencyKey: 'order-7' }))).toEqual({ type: 'removed' });
  });

  it('has a file task that is due at once, also while it is leased', async () => {
    const tasks = new RedisFileTasks(store.client, store.quarantine);
    const done = await finish();
    const now = Date.now();
    const task = present((await tasks.lease({ now, limit: 9, leaseUntil: now + HOUR }))[0]);
    expect(await tasks.nextDueAt()).toBe(now + HOUR);
    expect(await store.remove(done)).toBe('removed');
    expect(await tasks.nextDueAt()).toBeLessThanOrEqual(Date.now());
    expect(await tasks.extend(task, now + HOUR)).toBe(false);
    expect(await tasks.release(task, { runAt: now + HOUR, failureCount: 0 })).toBe(false);
    expect(await tasks.complete(task)).toBe(false);
    const [next] = await tasks.lease({ now: Date.now(), limit: 9, leaseUntil: now + HOUR });
    expect(next).toMatchObject({ jobId: done.id, failureCount: 0 });
    expect(await tasks.complete(present(next))).toBe(true);
    expect(await tasks.nextDueAt()).toBeNull();
  });

  it('gets no file task that it did not have', async () => {
    const leased = await createAndLease(store, freshJob());
    const done = completed(leased.job, Date.now());
    await store.save(leased.leaseId, { job: done, schedule: null });
    expect(await store.remove(done)).toBe('removed');
    expect(await store.client.exists(keys.fileTasks(shardOf(done.id)))).toBe(0);
  });

  it('is not removed while it is unfinished', async () => {
    const leased = await createAndLease(store, freshJob());
    const queued = nextVersion(leased.job, { phase: 'queued' });
    await store.save(leased.leaseId, { job: queued, schedule: null });
    expect(await store.remove(completed(queued, Date.now()))).toBe('unfinished');
    expect(await store.getMany([queued.id])).toEqual([queued]);
  });

  it('can be removed from a full Redis', async () => {
    const done = await finish();
    await server.run('CONFIG', 'SET', 'maxmemory', '1');
    try {
      expect(await store.remove(done)).toBe('removed');
    } finally {
      await server.run('CONFIG', 'SET', 'maxmemory', '0');
    }
  });

  it('is announced to its owner by this store only, on the right channel', async () => {
    const removed: string[] = [];
    const unsubscribe = await store.subscribeRemovals('ada', (id) => removed.push(id));
    const others: string[] = [];
    await store.subscribeRemovals('bob', (id) => others.push(id));
    const versions: number[] = [];
    await store.subscribe({ type: 'owner', ownerId: 'ada' }, ({ version }) => versions.push(version));
    const done = await finish();
    const channel = channels.removals(shardOf(done.id), 'ada');
    const removal = { removedId: `${done.id.slice(0, -2)}f${shardOf(done.id)}`, ownerId: 'ada' };
    const key = sealKey(Buffer.from(present(await store.client.get(keys.sealSecret)), 'base64'));
    const forged = [
      sealedRemoval(removal, 'another key'),
      JSON.stringify(removal),
      sealedRemoval({ ...removal, ownerId: 'bob' }, key),
      'noise',
    ];
    for (const message of forged) await store.client.publish(channel, message);
    expect(await store.remove(done)).toBe('removed');
    await expect.poll(() => removed).toEqual([done.id]);
    unsubscribe();
    expect(await store.remove(await finish())).toBe('removed');
    const last = await finish(freshJob({ ownerId: 'bob' }));
    expect(await store.remove(last)).toBe('removed');
    await expect.poll(() => others).toEqual([last.id]);
    expect(removed).toEqual([done.id]);
    expect(versions).toEqual([1, 2, 1, 2]);
  });
});

describe('a job with a time to start before', () => {
  it('is past its deadline then as long as it is accepted, also after a lease, a release and a wrong clock', async () => {
    await using server = await RedisServer.start();
    await using store = await openRedis([server.url]);
    const now = Date.now();
    const startBefore = now + 5 * MINUTE;
    const deadline = async (id: string) => Number(await store.client.zscore(keys.deadline(shardOf(id)), id));
    const leased = await createAndLease(store, freshJob({ startBefore, deadlineAt: now + HOUR }));
    const { id } = leased.job;
    expect(await deadline(id)).toBe(startBefore);
    await store.release(leased, { runAt: now, failureCount: 0, lastPolledAt: null });
    expect(await deadline(id)).toBe(startBefore);
    await store.client.zadd(keys.due(shardOf(id)), now + HOUR, id);
    await using opened = await openRedis([server.url]);
    expect(await deadline(id)).toBe(startBefore);
    const query = { limit: 9, callLimit: 0, except: [], preferred: null };
    expect(await opened.leaseDue({ ...query, now: startBefore - 1, leaseUntil: now + HOUR })).toEqual([]);
    const late = { ...query, now: startBefore, leaseUntil: startBefore + MINUTE };
    const [again] = await opened.leaseDue(late);
    const queued = nextVersion(present(again).job, { phase: 'queued' });
    const schedule = { runAt: now, failureCount: 0, lastPolledAt: null };
    expect(await opened.save(present(again).leaseId, { job: queued, schedule })).toBe('saved');
    expect(await deadline(id)).toBe(now + HOUR);
  });
});

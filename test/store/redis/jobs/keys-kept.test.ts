import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { keys, shardOf } from '../../../../src/store/redis/keys.ts';
import type { RedisJobStore } from '../../../../src/store/redis/redis-job-store.ts';
import {
  leaseAll,
  createAll,
  createAndLease,
  idsOf,
  present,
} from '../../../contract/job-store-cases/opened-store.ts';
import { completed, keyedJob, nextVersion, record } from '../../../support/jobs.ts';
import { RedisServer } from '../../../support/redis/redis-server.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../../support/times.ts';
import { freshJob, openRedis } from '../open-redis.ts';

/** Commands whose answer is bounded by their arguments. `hgetall` is used for jobs only. */
const BOUNDED = /^(evalsha|eval|get|publish|subscribe|unsubscribe|zrangebyscore|zrangebylex|zrevrangebylex)$/;
/** Commands that need a limit. */
const LIMITED = /^z(rev)?rangeby/;

describe('the lifetime of keys in Redis', () => {
  const resources = new AsyncDisposableStack();
  const retentionMs = 2 * HOUR;
  let server: RedisServer;
  let store: RedisJobStore;
  const ttl = async (pattern: string) => {
    const [key = ''] = await server.list('KEYS', pattern);
    return Number(await server.run('TTL', key));
  };

  beforeAll(async () => {
    server = resources.use(await RedisServer.start());
    store = resources.use(await openRedis([server.url], { retentionMs }));
  });
  beforeEach(async () => {
    await server.run('FLUSHALL');
  });
  afterAll(() => resources.disposeAsync());

  it('does not end while a job is unfinished', async () => {
    const leased = await createAndLease(store, freshJob());
    await store.save(leased.leaseId, { job: nextVersion(leased.job), schedule: null, videoData: 'QUJD' });
    expect(await ttl(`*:job:${leased.job.id}`)).toBe(-1);
    expect(await ttl('*:due')).toBe(-1);
    expect(await ttl('*:deadline')).toBe(-1);
  });

  it('ends after the retention of a final job and its video, but not before its idempotency key', async () => {
    const key = { idempotencyKey: 'order-7' };
    const job = keyedJob('order-7', { createdAt: Date.now() });
    await store.create(record(job, key));
    expect(await ttl('*:idempotency:*')).toBeGreaterThan((DAY - MINUTE) / SECOND);
    expect(await ttl('*:idempotency:*')).toBeLessThanOrEqual(DAY / SECOND);
    const [leased] = await leaseAll(store, Date.now());
    await store.save(present(leased).leaseId, {
      job: completed(job, Date.now()),
      schedule: null,
      videoData: 'QUJD',
    });
    for (const pattern of [`*:job:${job.id}`, `*:video:${job.id}`]) {
      expect(await ttl(pattern)).toBeGreaterThan(await ttl('*:idempotency:*'));
      expect(await ttl(pattern)).toBeLessThanOrEqual((DAY + MINUTE) / SECOND);
    }
    await using long = await openRedis([server.url], { retentionMs: 7 * DAY });
    const other = await createAndLease(long, freshJob());
    await long.save(other.leaseId, { job: completed(other.job, Date.now()), schedule: null });
    const kept = await ttl(`*:job:${other.job.id}`);
    expect(Math.abs(kept - (7 * DAY) / SECOND)).toBeLessThan(60);
    // Only keys that expire are left, and the secret of the seals.
    for (const name of await server.list('KEYS', '*')) {
      if (name === keys.sealSecret) continue;
      expect({ name, ttl: await server.run('TTL', name) }).toEqual({ name, ttl: expect.any(Number) });
      expect(await ttl(name)).toBeGreaterThan(0);
    }
  });

  it("removes an owner's old jobs when new ones come, and all keys of an inactive owner", async () => {
    const old = freshJob({ createdAt: Date.now() - 3 * DAY });
    const recent = freshJob({ createdAt: Date.now() - HOUR });
    const inShard = (id: string) => id.slice(0, -1) + shardOf(old.id);
    await createAll(store, [old, { ...recent, id: inShard(recent.id) }]);
    const last = freshJob();
    await createAll(store, [{ ...last, id: inShard(last.id) }]);
    const [name = ''] = await server.list('KEYS', '*:owner:*');
    expect(await server.list('ZRANGE', name, '0', '-1')).toEqual([inShard(recent.id), inShard(last.id)]);
    expect(await ttl('*:owner:*')).toBeGreaterThan(DAY / SECOND);
    expect(await ttl('*:owner:*')).toBeLessThanOrEqual((DAY + HOUR) / SECOND);
  });

  it('skips ids of expired jobs in lists and leases', async () => {
    const jobs = Array.from({ length: 20 }, () => freshJob());
    await createAll(store, jobs);
    for (const { id } of jobs.slice(0, 10))
      await server.run('DEL', (await server.list('KEYS', `*:job:${id}`))[0] ?? '');
    const query = { phases: null, olderThan: null, newerThan: null, ascending: true, limit: 5 };
    expect(await store.list({ ownerId: 'ada', ...query })).toEqual(jobs.slice(10, 15));
    const leases = await leaseAll(store, Date.now());
    expect(idsOf(leases).toSorted()).toEqual(idsOf(jobs.slice(10)).toSorted());
    expect(await store.nextDueAt()).toBeGreaterThan(Date.now());
  });

  it('keeps fields of a newer version of the gateway', async () => {
    const leased = await createAndLease(store, freshJob());
    const [name = ''] = await server.list('KEYS', `*:job:${leased.job.id}`);
    await server.run('HSET', name, 'invented', '{"later":[1]}', '@invented', 'not JSON');
    expect(await store.save(leased.leaseId, { job: nextVersion(leased.job), schedule: null })).toBe('saved');
    expect(
      await store.save(leased.leaseId, {
        job: completed(nextVersion(leased.job), Date.now()),
        schedule: null,
      }),
    ).toBe('saved');
    expect(await server.list('HMGET', name, 'invented', '@invented')).toEqual(['{"later":[1]}', 'not JSON']);
    const [job] = await store.getMany([leased.job.id]);
    expect(job).toMatchObject({ phase: 'completed', version: 3 });
  });

  it('leases other jobs despite many overdue jobs of a lost poller', async () => {
    const now = Date.now();
    const overdue = Array.from({ length: 8 }, () => freshJob({ deadlineAt: now }));
    await createAll(store, overdue);
    const query = {
      now: now + SECOND,
      leaseUntil: now + MINUTE,
      limit: 8,
      callLimit: 8,
      except: [],
      preferred: null,
    };
    expect(await store.leaseDue(query)).toHaveLength(8);
    const due = freshJob();
    await createAll(store, [due]);
    expect(idsOf(await store.leaseDue({ ...query, limit: 1 }))).toEqual([due.id]);
    expect(await leaseAll(store, now + MINUTE)).toHaveLength(9);
  });

  it('uses only commands with a bounded answer', async () => {
    const commands: string[][] = [];
    // Only one client connects here. A second one could still be sending INFO.
    const monitor = await new Redis(server.port, { lazyConnect: true }).monitor();
    monitor.on('monitor', (_: string, [name = '', ...values]: string[], source: string) => {
      if (!source.startsWith('lua')) commands.push([name.toLowerCase(), ...values]);
    });
    const leased = await createAndLease(store, freshJob());
    await store.getMany([leased.job.id]);
    await store.list({
      ownerId: 'ada',
      phases: ['queued'],
      olderThan: null,
      newerThan: null,
      ascending: false,
      limit: 3,
    });
    const unsubscribe = await store.subscribe({ type: 'owner', ownerId: 'ada' }, () => {});
    unsubscribe();
    await store.getVideoData(leased.job.id);
    await store.nextDueAt();
    await createAll(store, [freshJob(), freshJob()]);
    const query = { now: Date.now(), leaseUntil: 0, limit: 9, callLimit: 1, except: [] };
    const due = await store.findCandidates(query);
    await store.leaseDue({ ...query, preferred: due?.map(({ job }) => job.id) ?? null });
    await store.findWaiting(Date.now(), 9);
    await store.health();
    await store.release(leased, { runAt: 0, failureCount: 0, lastPolledAt: null });
    // These include the heartbeat, two a second.
    await expect.poll(() => commands.some(([name]) => name === 'publish')).toBe(true);
    const last = freshJob().id;
    await store.getMany([last]);
    await expect.poll(() => commands.some(([, key]) => key?.endsWith(`:job:${last}`))).toBe(true);
    monitor.disconnect();
    expect(commands.length).toBeGreaterThan(30);
    expect(commands.filter(([name]) => name?.startsWith('eval')).length).toBeGreaterThanOrEqual(3);
    expect(commands.filter((command) => !isBounded(command))).toEqual([]);
  });
});

function isBounded([name = '', key = '', ...values]: readonly string[]): boolean {
  if (name === 'zrange') return values[0] === '0' && values[1] === '0';
  if (name === 'hgetall') return key.includes(':job:');
  return (
    BOUNDED.test(name) && (!LIMITED.test(name) || values.some((value) => value.toUpperCase() === 'LIMIT'))
  );
}

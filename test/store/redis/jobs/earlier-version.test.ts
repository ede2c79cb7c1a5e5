import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Job, readStoredJob } from '../../../../src/domain/job/job.ts';
import { type JobStatus, jobStatus, phasesOf } from '../../../../src/domain/job/projection.ts';
import { keys, shardOf } from '../../../../src/store/redis/keys.ts';
import type { RedisJobStore } from '../../../../src/store/redis/redis-job-store.ts';
import { createAll, idsOf, leaseAll, present } from '../../../contract/job-store-cases/opened-store.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { acceptedJob, completed, failed, jobId, keyedJob, record } from '../../../support/jobs.ts';
import { RedisServer } from '../../../support/redis/redis-server.ts';
import { DAY, HOUR, NOON, SECOND } from '../../../support/times.ts';
import { openRedis } from '../open-redis.ts';

interface Fixture {
  readonly jobs: readonly unknown[];
  /** A text for a string, members and scores for a sorted set, an object for a hash. */
  readonly keys: Readonly<Record<string, string | string[] | Record<string, string>>>;
}

/** The keys of a Redis that commit 9e68de5f wrote, without the secret of the seals. */
const FIXTURE = readFixture();
const JOBS = FIXTURE.jobs.map(readStoredJob);

describe('data of an earlier version in Redis', () => {
  const resources = new AsyncDisposableStack();
  let server: RedisServer;
  let store: RedisJobStore;
  beforeAll(async () => {
    server = resources.use(await RedisServer.start());
    store = resources.use(await openRedis([server.url], { clock: new FakeClock() }));
  });
  beforeEach(async () => {
    await server.run('FLUSHALL');
  });
  afterAll(() => resources.disposeAsync());

  const restore = async () => {
    for (const [name, value] of Object.entries(FIXTURE.keys)) {
      if (typeof value === 'string') await store.client.set(name, value);
      else if (!Array.isArray(value)) await store.client.hset(name, value);
      else
        for (let at = 0; at < value.length; at += 2)
          await store.client.zadd(name, value[at + 1] ?? '', value[at] ?? '');
    }
  };
  const list = (statuses: readonly JobStatus[] | null, change: { ownerId?: string; limit?: number } = {}) =>
    store.list({
      ownerId: 'ada',
      phases: statuses === null ? null : phasesOf(statuses),
      olderThan: null,
      newerThan: null,
      ascending: true,
      limit: 9999,
      ...change,
    });
  /** Stores a version as an earlier instance does: it maintains no sets by status. */
  const writeEarlier = async (job: Job) => {
    const shard = shardOf(job.id);
    const fields = Object.entries(job).map(([field, value]) => [field, JSON.stringify(value)]);
    const pipeline = store.client.pipeline().hset(keys.job(job.id), Object.fromEntries(fields));
    pipeline.zadd(keys.owner(shard, job.ownerId), 0, job.id);
    await pipeline.exec();
  };

  it('is read as it was written', async () => {
    await restore();
    expect(await store.getMany(idsOf(JOBS))).toEqual(JOBS);
    const inline = present(JOBS.find((job) => job.request.base64));
    expect(await store.getVideoData(inline.id)).toBe('QUJD');
    const again = keyedJob('order-7', { createdAt: NOON });
    expect(await store.create(record(again, { idempotencyKey: 'order-7' }))).toMatchObject({
      type: 'duplicate',
    });
    expect(idsOf(await leaseAll(store, NOON + HOUR))).toHaveLength(3);
  });

  it('is listed by status', async () => {
    await restore();
    for (const ownerId of ['ada', 'bob']) {
      const own = JOBS.filter((job) => job.ownerId === ownerId);
      const all: readonly JobStatus[] = ['QUEUED', 'PROCESSING', 'COMPLETED', 'FAILED'];
      for (const statuses of [...all.map((status) => [status]), all, ['QUEUED', 'FAILED'] as const]) {
        const expected = own.filter((job) => statuses.some((status) => status === jobStatus(job)));
        expect(idsOf(await list(statuses, { ownerId }))).toEqual(idsOf(expected).toSorted());
      }
      expect(idsOf(await list(null, { ownerId }))).toEqual(idsOf(own).toSorted());
    }
  });

  it('is removed', async () => {
    await restore();
    for (const job of JOBS) {
      const isFinal = job.finishedAt !== null;
      expect(await store.remove(job)).toBe(isFinal ? 'removed' : 'unfinished');
    }
    expect(await list(['COMPLETED', 'FAILED'])).toEqual([]);
    expect((await list(null)).every((job) => job.finishedAt === null)).toBe(true);
    const again = keyedJob('order-7', { createdAt: NOON });
    expect(await store.create(record(again, { idempotencyKey: 'order-7' }))).toEqual({ type: 'removed' });
  });

  it('is listed while an earlier instance creates, moves and forgets jobs', async () => {
    await restore();
    const before = (await list(['COMPLETED'])).length;
    const jobs = Array.from({ length: 40 }, (_, i) => acceptedJob({ createdAt: NOON + HOUR + i * SECOND }));
    for (const job of jobs.slice(0, 20)) await writeEarlier(job);
    await createAll(store, jobs.slice(20));
    const moved = jobs.map((job, i) =>
      i % 4 === 0 ? completed(job, NOON) : i % 4 === 1 ? failed(job, NOON, 'NO') : job,
    );
    for (const job of moved) if (job.phase !== 'accepted') await writeEarlier(job);
    const unknown = moved.filter((job) => job.phase === 'failed');
    expect(idsOf(await list(['FAILED'])).slice(-unknown.length)).toEqual(idsOf(unknown));
    expect(await list(['COMPLETED'])).toHaveLength(before + 10);
    expect(idsOf(await list(['QUEUED'])).slice(-20)).toEqual(
      idsOf(moved.filter((job) => job.phase === 'accepted')),
    );
    // An earlier instance removes old ids from the owner's set alone.
    for (const { id } of JOBS) await store.client.zrem(keys.owner(shardOf(id), 'ada'), id);
    for (const job of jobs.slice(0, 4)) await writeEarlier(acceptedJob({ createdAt: job.createdAt + DAY }));
    expect(await list(['QUEUED'])).toHaveLength(24 + 2);
    expect(await list(null)).toHaveLength(44);
  });

  it('is listed by status when it is large, and lists of it need few commands afterwards', async () => {
    const ids = Array.from({ length: 5000 }, (_, i) => jobId(NOON + i).slice(0, -1) + '7');
    const pipeline = store.client.pipeline();
    for (const [i, id] of ids.entries()) {
      const job = {
        ...acceptedJob({ createdAt: NOON + i }),
        id,
        phase: i % 1000 === 0 ? 'failed' : 'completed',
        finishedAt: NOON,
      };
      const fields = Object.entries(job).map(([field, value]) => [field, JSON.stringify(value)]);
      pipeline.hset(keys.job(id), Object.fromEntries(fields));
      pipeline.zadd(keys.owner('7', 'ada'), 0, id);
    }
    await pipeline.exec();
    expect(idsOf(await list(['FAILED']))).toEqual(ids.filter((_, i) => i % 1000 === 0));
    // Jobs in the middle, which only this search finds.
    const middle = [ids[1234], ids[4000]].map(present);
    await store.client.zrem(keys.status('7', 'ada', 'COMPLETED'), middle[0] ?? '');
    await store.client.zrem(keys.status('7', 'ada', 'FAILED'), middle[1] ?? '');
    await server.run('CONFIG', 'RESETSTAT');
    const found = await list(['FAILED'], { limit: 3 });
    expect(idsOf(found)).toEqual([0, 1000, 2000].map((i) => ids[i]));
    expect(idsOf(await list(['FAILED']))).toEqual(ids.filter((_, i) => i % 1000 === 0));
    expect(await store.client.zcard(keys.status('7', 'ada', 'COMPLETED'))).toBe(4995);
    const stats = String(await server.run('INFO', 'commandstats'));
    expect(Number(/cmdstat_hget:calls=(\d+)/.exec(stats)?.[1] ?? 0)).toBeLessThan(200);
  });

  it('is forgotten in lists, however many jobs have expired', async () => {
    const jobs = Array.from({ length: 3000 }, (_, i) => {
      const job = acceptedJob({ createdAt: NOON + i });
      return { ...job, id: `${job.id.slice(0, -1)}${i % 2 === 0 ? '7' : '8'}` };
    });
    for (const job of jobs) await writeEarlier(job);
    await list(['QUEUED'], { limit: 1 });
    const expired = jobs.slice(0, 2900);
    const pipeline = store.client.pipeline();
    for (const { id } of expired) pipeline.del(keys.job(id));
    await pipeline.exec();
    await server.run('CONFIG', 'RESETSTAT');
    expect(idsOf(await list(null, { limit: 2 }))).toEqual(idsOf(jobs.slice(2900, 2902)));
    expect(idsOf(await list(['QUEUED'], { limit: 200 }))).toEqual(idsOf(jobs.slice(2900)));
    expect(await store.client.zcard(keys.status('7', 'ada', 'QUEUED'))).toBe(50);
    const stats = String(await server.run('INFO', 'commandstats'));
    expect(Number(/cmdstat_hgetall:calls=(\d+)/.exec(stats)?.[1] ?? 0)).toBeLessThan(400);
  });
});

function readFixture(): Fixture {
  const value: unknown = JSON.parse(readFileSync(new URL('earlier-version.json', import.meta.url), 'utf8'));
  if (isFixture(value)) return value;
  throw new Error('The fixture has no jobs or no keys.');
}

function isFixture(value: unknown): value is Fixture {
  return typeof value === 'object' && value !== null && 'jobs' in value && 'keys' in value;
}

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Job } from '../../../../src/domain/job/job.ts';
import { MAX_CANDIDATES } from '../../../../src/store/job-store.ts';
import { keys } from '../../../../src/store/redis/keys.ts';
import type { RedisJobStore } from '../../../../src/store/redis/redis-job-store.ts';
import { leaseAll, leaseUpTo, idsOf, present } from '../../../contract/job-store-cases/opened-store.ts';
import { nextVersion, record } from '../../../support/jobs.ts';
import { RedisServer } from '../../../support/redis/redis-server.ts';
import { SECOND } from '../../../support/times.ts';
import { freshJob, openRedis } from '../open-redis.ts';

describe('candidates among many jobs of one shard', () => {
  const resources = new AsyncDisposableStack();
  let server: RedisServer;
  let store: RedisJobStore;
  let now: number;

  beforeAll(async () => {
    server = resources.use(await RedisServer.start());
    store = resources.use(await openRedis([server.url]));
  });
  beforeEach(async () => {
    await server.run('FLUSHALL');
    now = Date.now();
  });
  afterAll(() => resources.disposeAsync());

  /** Jobs of shard 7, due one after the other from a time on. */
  const create = async (count: number, from: number, change: Partial<Job> = {}) => {
    const jobs = Array.from({ length: count }, (_, index) => {
      const job = freshJob({ createdAt: from + index, ...change });
      return { ...job, id: `${job.id.slice(0, -1)}7` };
    });
    await Promise.all(jobs.map((job) => store.create(record(job))));
    return jobs;
  };

  /** The candidates when one job may be leased. */
  const offered = async (except: readonly string[] = []) => {
    const ids: string[] = [];
    await leaseUpTo(store, now, 9, {
      callLimit: 1,
      except,
      choose: (due) => {
        ids.push(...idsOf(due));
        return [];
      },
    });
    return ids;
  };

  it('include the first jobs of an owner behind hundreds of another, and the longest due of those', async () => {
    const adas = await create(300, now - 2000);
    const bobs = await create(2, now - 2, { ownerId: 'bob' });
    const ids = await offered();
    expect(ids).toEqual(expect.arrayContaining(idsOf(bobs)));
    expect(ids).toEqual(expect.arrayContaining(idsOf(adas.slice(0, 90))));
    expect(ids.length).toBeLessThanOrEqual(MAX_CANDIDATES);
  });

  it('include a failed job and one with a result behind hundreds that are polled', async () => {
    const jobs = await create(300, now - 2000);
    const leases = await leaseAll(store, now);
    const rare: string[] = [];
    for (const [index, leased] of leases.entries()) {
      const isRare = index === 0 || index === 1;
      const runAt = now - (isRare ? 1 : 1000);
      const phase = index === 1 ? 'collecting' : 'queued';
      if (isRare) rare.push(leased.job.id);
      await store.save(leased.leaseId, {
        job: nextVersion(leased.job, { phase, upstreamId: 'up' }),
        schedule: { runAt, failureCount: index === 0 ? 1 : 0, lastPolledAt: null },
      });
    }
    expect(leases).toHaveLength(jobs.length);
    expect(await offered()).toEqual(expect.arrayContaining(rare));
  });

  it('include jobs behind hundreds of excepted, expired or late ones', async () => {
    const excepted = await create(250, now - 3000);
    const gone = await create(150, now - 2500);
    await create(7, now - 2200, { deadlineAt: now - 1 });
    const others = await create(3, now - 2000);
    for (const { id } of gone) await store.client.del(keys.job(id));
    const ids: string[] = [];
    const leases = await leaseUpTo(store, now, 9, {
      callLimit: 1,
      except: idsOf(excepted),
      choose: (due) => {
        ids.push(...idsOf(due));
        return due.slice(0, 1);
      },
    });
    expect(ids).toEqual(idsOf(others));
    expect(leases).toHaveLength(8);
    expect(await store.client.zcard(keys.due('7'))).toBe(250 + 7 + 3);
  });

  it('come from the 2,000 longest due jobs of a shard', async () => {
    await create(2000, now - 5000);
    await create(1, now - 1, { ownerId: 'bob' });
    const ids = await offered();
    expect(ids).toHaveLength(100);
    const [first] = await store.getMany([present(ids[0])]);
    expect(first?.ownerId).toBe('ada');
  });

  it('estimates how many jobs are ahead of one, also of a thousand', async () => {
    const shown = await create(1000, now - 5000);
    for (const job of shown) await store.save('', { job: nextVersion(job), schedule: null });
    const [last] = await create(1, now - 2 * SECOND);
    const found = await store.findWaiting(now, 10);
    expect(found.map(({ job }) => job)).toEqual([last]);
    expect(Math.abs(present(found[0]).ahead - 1000)).toBeLessThanOrEqual(10);
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keys, shardOf } from '../../../../src/store/redis/keys.ts';
import type { RedisJobStore } from '../../../../src/store/redis/redis-job-store.ts';
import {
  leaseAll,
  leaseUpTo,
  createAll,
  idsOf,
  present,
} from '../../../contract/job-store-cases/opened-store.ts';
import { RedisServer } from '../../../support/redis/redis-server.ts';
import { HOUR, MINUTE, SECOND } from '../../../support/times.ts';
import { freshJob, openRedis } from '../open-redis.ts';

describe('jobs that were scheduled by a clock that was set back', () => {
  const resources = new AsyncDisposableStack();
  let server: RedisServer;
  let store: RedisJobStore;
  beforeAll(async () => {
    server = resources.use(await RedisServer.start());
    store = resources.use(await openRedis([server.url]));
  });
  afterAll(() => resources.disposeAsync());

  it('are due when a store opens, leased or not; jobs due soon do not change', async () => {
    await server.run('FLUSHALL');
    const now = Date.now();
    const jobs = Array.from({ length: 40 }, () => freshJob());
    await createAll(store, jobs);
    const ahead = (await leaseAll(store, now + SECOND)).map((leased, index) => {
      const runAt = now + (index < 10 ? 5 * MINUTE : HOUR);
      return { leased, runAt };
    });
    for (const { leased, runAt } of ahead.slice(0, 25)) {
      await store.release(leased, { runAt, failureCount: 0, lastPolledAt: null });
    }
    // The others were leased by a poller whose clock was an hour ahead.
    for (const { leased, runAt } of ahead.slice(25)) {
      await store.client.zadd(keys.due(shardOf(leased.job.id)), runAt, leased.job.id);
    }
    expect(await leaseAll(store, now + 2 * SECOND)).toEqual([]);
    await using opened = await openRedis([server.url]);
    const leases = await leaseAll(opened, Date.now());
    expect(idsOf(leases).toSorted()).toEqual(idsOf(ahead.slice(10).map(({ leased }) => leased)).toSorted());
  });

  it('end by their own deadline', async () => {
    await server.run('FLUSHALL');
    const now = Date.now();
    const job = freshJob({ deadlineAt: now + MINUTE });
    await createAll(store, [job]);
    const leased = present((await leaseAll(store, now + SECOND))[0]);
    await store.release(leased, { runAt: now + HOUR, failureCount: 0, lastPolledAt: null });
    await using opened = await openRedis([server.url]);
    expect(await leaseUpTo(opened, now + MINUTE + SECOND, 9, { callLimit: 0 })).toHaveLength(1);
  });

  it('may be many, and some of them unreadable', async () => {
    await server.run('FLUSHALL');
    const later = Date.now() + HOUR;
    const entries = Array.from({ length: 2500 }, (_, index) => [later + index, `vj_${index}-7`]).flat();
    await store.client.zadd(keys.due('7'), ...entries);
    await server.run('SET', keys.job('vj_9-7'), 'no hash');
    await using opened = await openRedis([server.url]);
    expect(await opened.client.zcount(keys.due('7'), '-inf', Date.now())).toBe(2500);
  });
});

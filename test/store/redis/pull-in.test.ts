import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keys, shardOf } from '../../../src/store/redis/keys.ts';
import type { RedisJobStore } from '../../../src/store/redis/redis-job-store.ts';
import {
  claimAll,
  claimUpTo,
  createAll,
  idsOf,
  present,
} from '../../contract/job-store-cases/opened-store.ts';
import { RedisServer } from '../../support/redis/redis-server.ts';
import { HOUR, MINUTE, SECOND } from '../../support/times.ts';
import { freshJob, openRedis } from './open-redis.ts';

describe('jobs whose schedule was made by a clock that was set back', () => {
  const resources = new AsyncDisposableStack();
  let server: RedisServer;
  let store: RedisJobStore;
  beforeAll(async () => {
    server = resources.use(await RedisServer.start());
    store = resources.use(await openRedis([server.url]));
  });
  afterAll(() => resources.disposeAsync());

  it('are due when a store opens, leased or not; those due soon stay as they are', async () => {
    await server.run('FLUSHALL');
    const now = Date.now();
    const jobs = Array.from({ length: 40 }, () => freshJob());
    await createAll(store, jobs);
    const ahead = (await claimAll(store, now + SECOND)).map((claim, index) => {
      const runAt = now + (index < 10 ? 5 * MINUTE : HOUR);
      return { claim, runAt };
    });
    for (const { claim, runAt } of ahead.slice(0, 25)) {
      await store.release(claim, { runAt, failureCount: 0, lastPolledAt: null });
    }
    // The others are leased by a poller whose clock was an hour ahead.
    for (const { claim, runAt } of ahead.slice(25)) {
      await store.client.zadd(keys.due(shardOf(claim.job.id)), runAt, claim.job.id);
    }
    expect(await claimAll(store, now + 2 * SECOND)).toEqual([]);
    await using opened = await openRedis([server.url]);
    const claims = await claimAll(opened, Date.now());
    expect(idsOf(claims).toSorted()).toEqual(idsOf(ahead.slice(10).map(({ claim }) => claim)).toSorted());
  });

  it('end by their own deadline', async () => {
    await server.run('FLUSHALL');
    const now = Date.now();
    const job = freshJob({ deadlineAt: now + MINUTE });
    await createAll(store, [job]);
    const claim = present((await claimAll(store, now))[0]);
    await store.release(claim, { runAt: now + HOUR, failureCount: 0, lastPolledAt: null });
    await using opened = await openRedis([server.url]);
    expect(await claimUpTo(opened, now + MINUTE + SECOND, 9, { callLimit: 0 })).toHaveLength(1);
  });

  it('may be any number, and some of them unreadable', async () => {
    await server.run('FLUSHALL');
    const later = Date.now() + HOUR;
    const entries = Array.from({ length: 2500 }, (_, index) => [later + index, `vj_${index}-7`]).flat();
    await store.client.zadd(keys.due('7'), ...entries);
    await server.run('SET', keys.job('vj_9-7'), 'no hash');
    await using opened = await openRedis([server.url]);
    expect(await opened.client.zcount(keys.due('7'), '-inf', Date.now())).toBe(2500);
  });
});

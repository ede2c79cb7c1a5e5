import { describe, expect, it } from 'vitest';
import { keys } from '../../../src/store/redis/keys.ts';
import { RedisBacklog } from '../../../src/store/redis/redis-backlog.ts';
import { RedisOperatorActions } from '../../../src/store/redis/redis-operator-actions.ts';
import { createAll } from '../../contract/job-store-cases/opened-store.ts';
import { operatorActionsCases } from '../../contract/operator-actions.ts';
import { RedisServer } from '../../support/redis/redis-server.ts';
import { openContract } from './open-contract.ts';
import { freshJob, openRedis } from './open-redis.ts';
import { REDIS_KINDS, redisOfTests } from './redis-kinds.ts';

it('a released record no longer expires while its job is unfinished', async () => {
  await using server = await RedisServer.start();
  await using store = await openRedis([server.url]);
  const { client, quarantine } = store;
  const job = freshJob();
  await createAll(store, [job]);
  await client.hset(keys.job(job.id), 'version', 'null');
  expect(await store.getMany([job.id])).toEqual([null]);
  expect(await client.pttl(keys.job(job.id))).toBeGreaterThan(0);
  await client.hset(keys.job(job.id), 'version', '1');
  const actions = new RedisOperatorActions({
    client,
    quarantine,
    publishWork: (one) => store.publishWork(one),
  });
  expect(await actions.releaseRecord(job.id, Date.now())).toEqual({ type: 'released', job });
  expect(await client.pttl(keys.job(job.id))).toBe(-1);
});

describe.each(REDIS_KINDS)('the actions of operators on %s', (_, start) => {
  const emptied = redisOfTests(start);
  operatorActionsCases(async (clock) => {
    const opened = await openContract(await emptied(), clock);
    const { client, quarantine } = opened.store;
    const requests = new Map<string, string | null>();
    return {
      ...opened,
      backlog: new RedisBacklog({ client, quarantine, now: () => clock.now() }),
      actions: new RedisOperatorActions({
        client,
        quarantine,
        publishWork: (job) => opened.store.publishWork(job),
      }),
      damage: async (id, damage) => {
        requests.set(id, await client.hget(keys.job(id), 'request'));
        await opened.damage(id, damage);
      },
      forget: async () => {},
      repair: async (id) => {
        const request = requests.get(id);
        if (request == null) await client.hdel(keys.job(id), 'request');
        else await client.hset(keys.job(id), 'request', request);
      },
    };
  });
});

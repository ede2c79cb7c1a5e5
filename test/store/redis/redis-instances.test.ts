import { afterEach, describe, expect, it } from 'vitest';
import { INSTANCE_TTL_MS, MAX_INSTANCES } from '../../../src/store/instances.ts';
import { keys } from '../../../src/store/redis/keys.ts';
import { RedisInstances } from '../../../src/store/redis/redis-instances.ts';
import type { RedisJobStore } from '../../../src/store/redis/redis-job-store.ts';
import { heartbeatCases, instanceOf } from '../../contract/instances.ts';
import { NOON } from '../../support/times.ts';
import { openRedis } from './open-redis.ts';
import { REDIS_KINDS, redisOfTests } from './redis-kinds.ts';

describe.each(REDIS_KINDS)('the instances on %s', (_, start) => {
  const emptied = redisOfTests(start);
  let store: RedisJobStore;
  const open = async () => {
    store = await openRedis(await emptied());
    return new RedisInstances(store.client);
  };
  afterEach(() => store[Symbol.asyncDispose]());

  heartbeatCases(open);

  it('are those that were announced lately, the earliest start first', async () => {
    const instances = await open();
    const [killed, second, first] = [instanceOf('killed'), instanceOf('second', 9), instanceOf('first', 5)];
    await instances.announce(killed, NOON);
    await instances.announce(second, NOON + 1);
    await instances.announce(first, NOON + INSTANCE_TTL_MS - 1);
    expect(await instances.list(NOON + INSTANCE_TTL_MS - 1)).toEqual([killed, first, second]);
    expect(await instances.list(NOON + INSTANCE_TTL_MS)).toEqual([first, second]);
    // Those that are gone leave the store with the next announcement.
    await instances.announce(first, NOON + INSTANCE_TTL_MS + 1);
    expect(await store.client.zcard(keys.instances)).toBe(1);
    expect(await store.client.pttl(keys.instances)).toBeGreaterThan(0);
  });

  it('leave out what is no instance, and are not more than fit into the list', async () => {
    const instances = await open();
    for (const member of ['no JSON', 'null', '{"id":"x","role":"king"}'])
      await store.client.zadd(keys.instances, NOON + 9, member);
    expect(await instances.list(NOON)).toEqual([]);
    await store.client.del(keys.instances);
    for (let count = 0; count < MAX_INSTANCES + 5; count += 1)
      await instances.announce(instanceOf(`i${count}`), NOON);
    expect(await instances.list(NOON)).toHaveLength(MAX_INSTANCES);
  });

  it('replace a key of another type', async () => {
    const instances = await open();
    await store.client.set(keys.instances, 'no set');
    expect(await instances.list(NOON)).toEqual([]);
    await instances.announce(instanceOf('one'), NOON);
    expect(await instances.list(NOON)).toEqual([instanceOf('one')]);
  });
});

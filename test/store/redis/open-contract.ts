import { keys } from '../../../src/store/redis/keys.ts';
import type { RedisJobStore } from '../../../src/store/redis/redis-job-store.ts';
import type { OpenedStore } from '../../contract/job-store-cases/opened-store.ts';
import { listening } from '../../support/events.ts';
import type { FakeClock } from '../../support/fake-clock.ts';
import { openRedis } from './open-redis.ts';

/** A store on Redis for the contract. */
interface OpenedRedis extends OpenedStore {
  readonly store: RedisJobStore;
}

/** Opens a store on an empty Redis, or on an empty cluster, for the contract. */
export async function openContract(urls: readonly string[], clock: FakeClock): Promise<OpenedRedis> {
  const unreadable: string[] = [];
  const store = await openRedis(urls, {
    clock,
    events: listening('store:unreadable', ({ id }) => unreadable.push(id)),
  });
  const { client } = store;
  return {
    store,
    cache: null,
    unreadable,
    damage: async (id, damage) => {
      const key = keys.job(id);
      if (damage === 'syntax') await client.hset(key, 'request', '{"prompt":');
      if (damage === 'field') await client.hset(key, 'version', 'null');
      if (damage === 'form') await client.set(key, 'no hash');
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

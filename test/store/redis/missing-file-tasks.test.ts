import { describe } from 'vitest';
import { RedisFileTasks } from '../../../src/store/redis/redis-file-tasks.ts';
import { missingFileTaskCases } from '../../contract/missing-file-tasks.ts';
import { openRedis } from './open-redis.ts';
import { REDIS_KINDS, redisOfTests } from './redis-kinds.ts';

describe.each(REDIS_KINDS)('file tasks of earlier jobs on %s', (_, start) => {
  const emptied = redisOfTests(start);
  missingFileTaskCases(async (clock) => {
    const store = await openRedis(await emptied(), { clock });
    return {
      store,
      cache: null,
      unreadable: [],
      damage: () => Promise.reject(new Error('No test damages a job.')),
      fileTasks: new RedisFileTasks(store.client, store.quarantine),
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    };
  });
});

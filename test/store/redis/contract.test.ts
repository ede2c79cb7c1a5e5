import { afterAll, beforeAll } from 'vitest';
import { describeJobStore } from '../../contract/job-store.ts';
import { RedisServer } from '../../support/redis-server.ts';
import { openRedis } from './open-redis.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

describeJobStore('RedisJobStore', async (clock) => {
  await server.run('FLUSHALL');
  const store = await openRedis([server.url], { clock });
  return { store, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
});

import { afterAll, beforeAll } from 'vitest';
import { describeJobStore } from '../../contract/job-store.ts';
import { RedisServer } from '../../support/redis/redis-server.ts';
import { openContract } from './open-contract.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

describeJobStore('RedisJobStore', async (clock) => {
  await server.run('FLUSHALL');
  return openContract([server.url], clock);
});

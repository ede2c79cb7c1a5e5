import { afterAll, beforeAll } from 'vitest';
import { RedisServer } from '../../support/redis/redis-server.ts';
import { describeContract } from './contract-cases.ts';
import { openContract } from './open-contract.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

describeContract('RedisJobStore', async (clock) => {
  await server.run('FLUSHALL');
  return openContract([server.url], clock);
});

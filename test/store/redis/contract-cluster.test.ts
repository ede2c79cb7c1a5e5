import { afterAll, beforeAll } from 'vitest';
import { type RedisCluster, startRedisCluster } from '../../support/redis/redis-cluster.ts';
import { describeContract } from './contract-cases.ts';
import { openContract } from './open-contract.ts';

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startRedisCluster();
}, 60_000);
afterAll(() => cluster[Symbol.asyncDispose]());

describeContract('RedisJobStore on a cluster', async (clock) => {
  await cluster.runOnAll('FLUSHALL');
  return openContract(cluster.urls, clock);
});

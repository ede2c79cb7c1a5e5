import { afterAll, beforeAll } from 'vitest';
import { describeJobStore } from '../../contract/job-store.ts';
import { type RedisCluster, startRedisCluster } from '../../support/redis/redis-cluster.ts';
import { openContract } from './open-contract.ts';

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startRedisCluster();
}, 60_000);
afterAll(() => cluster[Symbol.asyncDispose]());

describeJobStore('RedisJobStore on a cluster', async (clock) => {
  await cluster.runOnAll('FLUSHALL');
  return openContract(cluster.urls, clock);
});

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { JobReader } from '../../../../src/store/redis/jobs/job-reader.ts';
import { keys, shardOf, SHARDS } from '../../../../src/store/redis/keys.ts';
import { findDue } from '../../../../src/store/redis/queue/lease-due.ts';
import type { RedisJobStore } from '../../../../src/store/redis/redis-job-store.ts';
import { RedisServer } from '../../../support/redis/redis-server.ts';
import { openRedis } from '../open-redis.ts';

const NOW = 50;

/** Due times of the jobs of one shard. Most shards have few jobs, some have nearly all. */
const shardJobs = fc.array(fc.integer({ min: 0, max: NOW + 5 }), { maxLength: 60, size: 'max' });
const allJobs = fc
  .dictionary(fc.constantFrom(...SHARDS), shardJobs, { maxKeys: SHARDS.length })
  .map((byShard) =>
    Object.entries(byShard).flatMap(([shard, times]) =>
      times.map((runAt, index) => ({ id: `job-${index}-${shard}`, runAt })),
    ),
  );

describe('the search for due jobs', () => {
  const resources = new AsyncDisposableStack();
  let server: RedisServer;
  let store: RedisJobStore;

  beforeAll(async () => {
    server = resources.use(await RedisServer.start());
    store = resources.use(await openRedis([server.url]));
  });
  afterAll(() => resources.disposeAsync());

  it('finds the longest due jobs in any distribution over the shards', async () => {
    const property = fc.asyncProperty(allJobs, fc.integer({ min: 1, max: 100 }), async (jobs, limit) => {
      await server.run('FLUSHALL');
      await Promise.all(jobs.map(({ id, runAt }) => store.client.zadd(keys.due(shardOf(id)), runAt, id)));
      const query = { now: NOW, leaseUntil: NOW, limit, callLimit: limit, except: [], preferred: null };
      const { client, quarantine } = store;
      const reader = new JobReader(client, quarantine);
      const found = await findDue({ client, quarantine, reader, brokenShards: new Set() }, query);
      const runAt = new Map(jobs.map((job) => [job.id, job.runAt]));
      const wanted = [...runAt.values()].filter((at) => at <= NOW).toSorted((a, b) => a - b);
      expect(found.map((id) => runAt.get(id))).toEqual(wanted.slice(0, limit));
      expect(new Set(found).size).toBe(found.length);
    });
    await fc.assert(property, { numRuns: 100 });
  });
});

import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LeasedJob } from '../../../../src/store/job-store.ts';
import type { RedisJobStore } from '../../../../src/store/redis/redis-job-store.ts';
import { createAndLease, present } from '../../../contract/job-store-cases/opened-store.ts';
import { completed, nextVersion, record } from '../../../support/jobs.ts';
import { Recorder } from '../../../support/recorder.ts';
import { type RedisCluster, startRedisCluster } from '../../../support/redis/redis-cluster.ts';
import { until } from '../../../support/until.ts';
import { freshJob, openRedis } from '../open-redis.ts';

describe('subscriptions on a cluster', () => {
  const resources = new AsyncDisposableStack();
  let cluster: RedisCluster;
  let watcher: RedisJobStore;
  let writer: RedisJobStore;

  beforeAll(async () => {
    cluster = resources.use(await startRedisCluster());
    watcher = resources.use(await openRedis(cluster.urls));
    writer = resources.use(await openRedis(cluster.urls));
  }, 60_000);
  beforeEach(async () => {
    await cluster.runOnAll('FLUSHALL');
  });
  afterAll(() => resources.disposeAsync());

  it('receive a save after a node was dead for six seconds', async () => {
    const jobs = Array.from('0123456789abcdef', (shard) => {
      const job = freshJob();
      return { ...job, id: job.id.slice(0, -1) + shard };
    });
    const leases: LeasedJob[] = [];
    for (const job of jobs) leases.push(await createAndLease(writer, job));
    const recorders = jobs.map(() => new Recorder());
    const unsubscribes = await Promise.all(
      jobs.map(({ id }, at) =>
        watcher.subscribe({ type: 'job', jobId: id }, present(recorders[at]).listener),
      ),
    );
    const node = present(cluster.nodes[1]);
    await node.kill();
    await delay(6000);
    await node.restart();
    for (const leased of leases) {
      const change = { job: nextVersion(leased.job), schedule: null };
      const saved = () => writer.save(leased.leaseId, change).catch(() => false);
      await expect.poll(saved).toBe('saved');
    }
    await until(() => recorders.every(({ versions }) => versions.includes(2)), true, 20_000);
    for (const unsubscribe of unsubscribes) unsubscribe();
  });

  it.each([0, 1, 2])('receive a save after node %i cut their connection', async (index) => {
    // One job in each shard, so that each node has some.
    const jobs = Array.from('0123456789abcdef', (shard) => {
      const job = freshJob();
      return { ...job, id: job.id.slice(0, -1) + shard };
    });
    const leases = [];
    for (const job of jobs) leases.push(await createAndLease(writer, job));
    const recorders = jobs.map(() => new Recorder());
    const owner = new Recorder();
    const unsubscribes = await Promise.all([
      ...jobs.map(({ id }, at) =>
        watcher.subscribe({ type: 'job', jobId: id }, present(recorders[at]).listener),
      ),
      watcher.subscribe({ type: 'owner', ownerId: 'ada' }, owner.listener),
    ]);
    await present(cluster.nodes[index]).run('CLIENT', 'KILL', 'TYPE', 'pubsub');
    const lasts = leases.map(({ job }) => completed(job, Date.now()));
    for (const [at, leased] of leases.entries()) {
      expect(await writer.save(leased.leaseId, { job: present(lasts[at]), schedule: null })).toBe('saved');
    }
    await until(() => recorders.map((recorder) => recorder.jobs.at(-1)), lasts);
    await until(() => new Set(owner.jobs.map(({ id }) => id)).size, 16);
    for (const unsubscribe of unsubscribes) unsubscribe();
    expect(watcher.listenerCount).toBe(0);
  });

  it('continue when all connections are cut at once', async () => {
    const leased = await createAndLease(writer, freshJob());
    const recorder = new Recorder();
    const unsubscribe = await watcher.subscribe({ type: 'job', jobId: leased.job.id }, recorder.listener);
    await Promise.all(cluster.nodes.map((node) => node.clientKill()));
    const next = nextVersion(leased.job);
    await expect
      .poll(() => writer.save(leased.leaseId, { job: next, schedule: null }).catch(() => false))
      .toBe('saved');
    await until(() => recorder.jobs.at(-1), next);
    unsubscribe();
  });

  it('leave no channels behind', async () => {
    const store = resources.use(await openRedis(cluster.urls));
    await store.create(record(freshJob()));
    const channels = async () => {
      const all = await Promise.all(cluster.nodes.map((node) => node.list('PUBSUB', 'SHARDCHANNELS')));
      return all.flat().filter((name) => !name.includes(':on:beat')).length;
    };
    const unsubscribe = await store.subscribe({ type: 'owner', ownerId: 'ada' }, () => {});
    expect(await channels()).toBe(16);
    unsubscribe();
    await expect.poll(channels).toBe(0);
    await store.subscribe({ type: 'work' }, () => {});
    await store[Symbol.asyncDispose]();
    await expect.poll(channels).toBe(0);
  });
});

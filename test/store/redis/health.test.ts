import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoreUnavailableError } from '../../../src/store/job-store.ts';
import type { RedisJobStore } from '../../../src/store/redis/redis-job-store.ts';
import { record } from '../../support/jobs.ts';
import { startRedisCluster } from '../../support/redis/redis-cluster.ts';
import { RedisServer } from '../../support/redis/redis-server.ts';
import { freshJob, openRedis } from './open-redis.ts';

describe('the health of a Redis', () => {
  let resources: AsyncDisposableStack;
  let server: RedisServer;
  let store: RedisJobStore;
  beforeEach(async () => {
    resources = new AsyncDisposableStack();
    server = resources.use(await RedisServer.start());
    store = resources.use(await openRedis([server.url]));
  });
  afterEach(() => resources.disposeAsync());

  /** The result of `health`, or the reason why it failed. */
  const healthOf = () =>
    store.health().then(
      () => 'well',
      (error: unknown) => (error instanceof StoreUnavailableError ? reasonOf(error) : 'wrong error'),
    );

  it('is good when jobs can be read, written and watched', async () => {
    expect(await store.health()).toEqual({ quarantined: 0 });
    await store.create(record(freshJob()));
    expect(await store.health()).toEqual({ quarantined: 0 });
    expect(Number(await server.run('PTTL', 'rg:{a}:health'))).toBeGreaterThan(0);
  });

  it.each([
    ['is a replica', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE'], 'READONLY'],
    ['is full', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0'], 'OOM'],
    [
      'has too few replicas',
      ['CONFIG', 'SET', 'min-replicas-to-write', '1'],
      ['CONFIG', 'SET', 'min-replicas-to-write', '0'],
      'NOREPLICAS',
    ],
    [
      'lets no scripts run',
      ['ACL', 'SETUSER', 'default', '-evalsha', '-eval'],
      ['ACL', 'SETUSER', 'default', '+evalsha', '+eval'],
      'NOPERM',
    ],
    [
      'lets nothing be published',
      ['ACL', 'SETUSER', 'default', '-publish'],
      ['ACL', 'SETUSER', 'default', '+publish'],
      'this command',
    ],
    [
      'lets other channels be used only',
      ['ACL', 'SETUSER', 'default', 'resetchannels'],
      ['ACL', 'SETUSER', 'default', 'allchannels'],
      'channel|subscriber connection',
    ],
    [
      'has a text where the unfinished jobs are counted',
      ['SET', 'rg:{jobs}:unfinished', 'spoiled'],
      ['DEL', 'rg:{jobs}:unfinished'],
      'WRONGTYPE',
    ],
    [
      'has a text where the jobs of a day are counted',
      ['SET', 'rg:{jobs}:day', 'spoiled'],
      ['DEL', 'rg:{jobs}:day'],
      'WRONGTYPE',
    ],
  ] as const)('is bad while it %s', async (_, [command, ...values], [remedy, ...remedyValues], reason) => {
    expect(await healthOf()).toBe('well');
    await server.run(command, ...values);
    expect(await healthOf()).toMatch(new RegExp(reason));
    await server.run(remedy, ...remedyValues);
    await expect.poll(healthOf).toBe('well');
  });

  it('is bad while events cannot be received, though jobs can be read', async () => {
    await server.run('ACL', 'SETUSER', 'default', '-subscribe');
    await server.run('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await expect.poll(healthOf).toMatch(/subscriber connection/);
    expect(await store.nextDueAt()).toBeNull();
    await server.run('ACL', 'SETUSER', 'default', '+subscribe');
    await expect.poll(healthOf).toBe('well');
  });

  it('is checked once for concurrent calls', async () => {
    await store.health();
    const before = await scriptCalls(server);
    await Promise.all(Array.from({ length: 100 }, () => store.health()));
    expect((await scriptCalls(server)) - before).toBe(16);
    await store.health();
    expect((await scriptCalls(server)) - before).toBe(32);
  });
});

it('a cluster is good only when all of its nodes are', async () => {
  await using cluster = await startRedisCluster();
  await using store = await openRedis(cluster.urls);
  expect(await store.health()).toEqual({ quarantined: 0 });
  for (const node of cluster.nodes) {
    await node.run('CONFIG', 'SET', 'maxmemory', '1');
    await expect(store.health()).rejects.toThrow(StoreUnavailableError);
    await node.run('CONFIG', 'SET', 'maxmemory', '0');
  }
  expect(await store.health()).toEqual({ quarantined: 0 });
});

function reasonOf({ message, cause }: StoreUnavailableError): string {
  return cause instanceof Error ? cause.message : message;
}

/** The number of scripts that the server has run. */
async function scriptCalls(server: RedisServer): Promise<number> {
  const stats = String(await server.run('INFO', 'commandstats'));
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1]);
}

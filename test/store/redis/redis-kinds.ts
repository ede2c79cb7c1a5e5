import { afterAll, beforeAll } from 'vitest';
import { startRedisCluster } from '../../support/redis/redis-cluster.ts';
import { RedisServer } from '../../support/redis/redis-server.ts';

/** A running Redis or a running cluster. */
export interface RunningRedis extends AsyncDisposable {
  /** One URL for a Redis, several for a cluster. */
  readonly urls: readonly string[];
  /** Deletes all keys. */
  flush(): Promise<unknown>;
}

/** The kinds of Redis for `describe.each`: a name and a function that starts one. */
export const REDIS_KINDS: readonly (readonly [string, () => Promise<RunningRedis>])[] = [
  [
    'a Redis',
    async () => {
      const server = await RedisServer.start();
      return {
        urls: [server.url],
        flush: () => server.run('FLUSHALL'),
        [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
      };
    },
  ],
  [
    'a Redis Cluster',
    async () => {
      const cluster = await startRedisCluster();
      return {
        urls: cluster.urls,
        flush: () => cluster.runOnAll('FLUSHALL'),
        [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
      };
    },
  ],
];

/**
 * Starts a Redis before the tests of the `describe` that calls this function, and stops it after them.
 *
 * @returns deletes all keys and returns the URLs
 */
export function redisOfTests(start: () => Promise<RunningRedis>): () => Promise<readonly string[]> {
  const resources = new AsyncDisposableStack();
  let redis: RunningRedis;
  beforeAll(async () => {
    redis = resources.use(await start());
  });
  afterAll(() => resources.disposeAsync());
  return async () => {
    await redis.flush();
    return redis.urls;
  };
}

import { startRedisCluster } from '../../support/redis/redis-cluster.ts';
import { RedisServer } from '../../support/redis/redis-server.ts';

/** A running Redis, or a running cluster. */
export interface RunningRedis extends AsyncDisposable {
  /** One for a Redis, more for a cluster. */
  readonly urls: readonly string[];
  /** Deletes all keys. */
  flush(): Promise<unknown>;
}

/** What the shared store runs on, for `describe.each`: a name, and how one is started. */
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

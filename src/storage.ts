import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { backoffMs } from './domain/backoff.ts';
import { RateBudget } from './poller/rate-budget.ts';
import type { CallBudget } from './store/call-budget.ts';
import type { DurationStore } from './store/duration-store.ts';
import { type JobStore, StoreUnavailableError } from './store/job-store.ts';
import { memoryOwnerRate, type OwnerRate } from './store/owner-rate.ts';
import { checkRedisSettings } from './store/redis/check-settings.ts';
import { RedisCallBudget } from './store/redis/redis-call-budget.ts';
import { RedisDurationStore } from './store/redis/redis-duration-store.ts';
import { redisSecret } from './store/redis/redis-secret.ts';
import { RedisJobStore, type RedisJobStoreOptions } from './store/redis/redis-job-store.ts';
import { redisOwnerRate } from './store/redis/redis-owner-rate.ts';
import { SqliteDurationStore } from './store/sqlite/sqlite-duration-store.ts';
import { sqliteSecret } from './store/sqlite/sqlite-secret.ts';
import { SqliteJobStore } from './store/sqlite/sqlite-job-store.ts';
import { systemClock } from './system-clock.ts';

/** What is kept between requests, and between processes when it is in Redis. */
export interface Storage {
  readonly store: JobStore;
  readonly budget: CallBudget;
  readonly durations: DurationStore;
  /** 32 bytes that all instances share, made by the first one; job tokens are signed with them. */
  readonly secret: Uint8Array;
  /** Of `generateVideo`. */
  readonly ownerRate: OwnerRate;
  /** Of `uploadImage`: as many, counted apart. */
  readonly uploadRate: OwnerRate;
}

/**
 * Opens the embedded store, or the one in Redis as soon as that can be reached.
 *
 * @param signal gives up the waiting
 * @throws FolderInUseError when another process has the data folder; the signal's reason
 */
export async function openStorage(config: Config, log: Logger, signal: AbortSignal): Promise<Storage> {
  const { redis, segmindRpm, jobRetentionMs: retentionMs } = config;
  const { generateRpmPerOwner: rpm } = config.limits;
  const limit = segmindRpm === 0 ? 'no limit on upstream calls' : `${segmindRpm} upstream calls a minute`;
  if (redis === null) {
    const store = new SqliteJobStore({
      folder: config.dataDir,
      retentionMs,
      now: () => systemClock.now(),
      onPurgeError: (error) => log.error({ err: error }, 'old jobs could not be cleared away'),
    });
    log.info(
      { engine: 'sqlite', dataDir: config.dataDir, role: config.role, rpm: segmindRpm },
      `jobs are kept in ${config.dataDir}; role ${config.role}, ${limit}`,
    );
    const durations = new SqliteDurationStore(store.database, store.commits);
    const secret = sqliteSecret(store.database);
    const budget = new RateBudget(segmindRpm, systemClock.now());
    const rates = { ownerRate: memoryOwnerRate(rpm), uploadRate: memoryOwnerRate(rpm) };
    return { store, budget, durations, secret, ...rates };
  }
  const place = redis.urls.map(withoutCredentials).join(', ');
  const store = await connect(
    {
      location: redis,
      retentionMs,
      clock: systemClock,
      random: Math.random,
      onTrouble: (error) => log.warn({ err: error }, 'the line for announcements was lost; it is made anew'),
    },
    place,
    log,
    signal,
  );
  const engine = redis.cluster ? 'redis-cluster' : 'redis';
  log.info(
    { engine, redis: place, role: config.role, rpm: segmindRpm },
    `jobs are kept in Redis at ${place}${redis.cluster ? ' (cluster)' : ''}; role ${config.role}, ${limit} by all instances together`,
  );
  await checkRedisSettings(store.client, (message) => log.warn(message));
  const durations = new RedisDurationStore(store.client);
  const secret = await redisSecret(store.client);
  const budget = new RedisCallBudget(store.client, segmindRpm);
  const ownerRate = redisOwnerRate(store.client, 'generate', rpm);
  const uploadRate = redisOwnerRate(store.client, 'upload', rpm);
  return { store, budget, durations, secret, ownerRate, uploadRate };
}

async function connect(
  options: RedisJobStoreOptions,
  place: string,
  log: Logger,
  signal: AbortSignal,
): Promise<RedisJobStore> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await RedisJobStore.open(options);
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      const retryInMs = backoffMs(failures, Math.random()) / 4;
      const reason = error.cause instanceof Error ? error.cause.message : String(error.cause);
      log.warn({ retryInMs }, `Redis at ${place} cannot be reached (${reason}); trying again`);
      await systemClock.sleep(retryInMs, signal);
      signal.throwIfAborted();
    }
  }
}

function withoutCredentials(text: string): string {
  const url = new URL(text);
  return `${url.protocol}//${url.host}`;
}

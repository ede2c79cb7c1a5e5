import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { dataFolderError, openDataFolder } from './data-folder.ts';
import { backoffMs } from './domain/backoff.ts';
import type { FaultLog } from './fault-log.ts';
import type { CallBudget, SharedText } from './store/call-budget.ts';
import type { DurationStore } from './store/duration-store.ts';
import { type JobStore, StoreUnavailableError } from './store/job-store.ts';
import { memoryOwnerRate, type OwnerRate } from './store/owner-rate.ts';
import { SharedCallBudget } from './store/shared-call-budget.ts';
import { checkRedisSettings } from './store/redis/check-settings.ts';
import { RedisDurationStore } from './store/redis/redis-duration-store.ts';
import { keys } from './store/redis/keys.ts';
import { RedisJobStore, type RedisJobStoreOptions } from './store/redis/redis-job-store.ts';
import { redisOwnerRate } from './store/redis/redis-owner-rate.ts';
import { RedisSharedText } from './store/redis/redis-shared-text.ts';
import { RedisSubmissions } from './store/redis/redis-submissions.ts';
import { SqliteDurationStore } from './store/sqlite/sqlite-duration-store.ts';
import { SqliteJobStore } from './store/sqlite/sqlite-job-store.ts';
import { SqliteSharedText } from './store/sqlite/sqlite-shared-text.ts';
import { SqliteSubmissions } from './store/sqlite/sqlite-submissions.ts';
import type { Submissions } from './store/submissions.ts';
import type { SteadyClock } from './steady-clock.ts';
import { systemClock } from './system-clock.ts';

/** What is kept between requests, and between processes when it is in Redis. */
export interface Storage {
  readonly store: JobStore;
  readonly submissions: Submissions;
  readonly budget: CallBudget;
  readonly durations: DurationStore;
  /** What job tokens are signed with. */
  readonly jobTokenSecrets: SharedText;
  /** Of `generateVideo`. */
  readonly ownerRate: OwnerRate;
  /** Of `uploadImage`: as many, counted apart. */
  readonly uploadRate: OwnerRate;
}

/**
 * Opens the embedded store, or the one in Redis as soon as that can be reached.
 *
 * @param clock follows the clock of Redis from then on, so that all instances agree on the time
 * @param faults for what can come often
 * @param signal gives up the waiting
 * @throws FolderInUseError when another process has the data folder; StartError when it, or Redis, can't be used as it is;
 *   the signal's reason
 */
export async function openStorage(
  config: Config,
  clock: SteadyClock,
  log: Logger,
  faults: FaultLog,
  signal: AbortSignal,
): Promise<Storage> {
  const { redis, segmindRpm, jobRetentionMs: retentionMs } = config;
  const { generateRpmPerOwner: rpm } = config.limits;
  const now = () => clock.now();
  const onUnreadable = (id: string, error: unknown) =>
    log.error({ err: error, record: id }, 'a stored record cannot be read; it is left alone');
  if (redis === null) {
    openDataFolder(config.dataDir);
    try {
      return openEmbedded(config, now, log, faults, onUnreadable);
    } catch (error) {
      throw dataFolderError(config.dataDir, error);
    }
  }
  const place = redis.urls.map(withoutCredentials).join(', ');
  const store = await connect(
    {
      location: redis,
      retentionMs,
      clock,
      random: Math.random,
      onUnreadable,
      onTrouble: (error) =>
        faults.warn({ err: error }, 'the line for announcements was lost; it is made anew'),
    },
    place,
    faults,
    signal,
  );
  clock.follow(() => store.serverNow);
  const engine = redis.cluster ? 'redis-cluster' : 'redis';
  log.info(
    { engine, redis: place, role: config.role, rpm: segmindRpm },
    `jobs are kept in Redis at ${place}${redis.cluster ? ' (cluster)' : ''}; role ${config.role}, ${limitText(segmindRpm)} by all instances together`,
  );
  await checkRedisSettings(store.client, (message) => log.warn(message));
  const durations = new RedisDurationStore(store.client);
  const jobTokenSecrets = new RedisSharedText(store.client, keys.jobTokenSecrets);
  const submissions = new RedisSubmissions(store.client, store.quarantine);
  const budget = new SharedCallBudget(new RedisSharedText(store.client, keys.budget), segmindRpm, now);
  const ownerRate = redisOwnerRate(store.client, 'generate', rpm);
  const uploadRate = redisOwnerRate(store.client, 'upload', rpm);
  return { store, submissions, budget, durations, jobTokenSecrets, ownerRate, uploadRate };
}

function openEmbedded(
  { dataDir, role, segmindRpm, jobRetentionMs: retentionMs, limits }: Config,
  now: () => number,
  log: Logger,
  faults: FaultLog,
  onUnreadable: (id: string, error: unknown) => void,
): Storage {
  const store = new SqliteJobStore({
    folder: dataDir,
    retentionMs,
    now,
    onUnreadable,
    onPurgeError: (error) => faults.error({ err: error }, 'old jobs could not be cleared away'),
  });
  log.info(
    { engine: 'sqlite', dataDir, role, rpm: segmindRpm },
    `jobs are kept in ${dataDir}; role ${role}, ${limitText(segmindRpm)}`,
  );
  const { database, commits } = store;
  const state = new SqliteSharedText(database, commits, 'call-budget');
  const { generateRpmPerOwner: rpm } = limits;
  return {
    store,
    durations: new SqliteDurationStore(database, commits),
    jobTokenSecrets: new SqliteSharedText(database, commits, 'job-token-secrets'),
    submissions: new SqliteSubmissions(database, commits, now),
    budget: new SharedCallBudget(state, segmindRpm, now),
    ownerRate: memoryOwnerRate(rpm),
    uploadRate: memoryOwnerRate(rpm),
  };
}

function limitText(rpm: number): string {
  return rpm === 0 ? 'no limit on upstream calls' : `${rpm} upstream calls a minute`;
}

async function connect(
  options: RedisJobStoreOptions,
  place: string,
  faults: FaultLog,
  signal: AbortSignal,
): Promise<RedisJobStore> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await RedisJobStore.open(options);
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      const retryInMs = backoffMs(failures, Math.random()) / 4;
      const reason = error.cause instanceof Error ? error.cause.message : String(error.cause);
      faults.warn({ retryInMs }, `Redis at ${place} cannot be reached (${reason}); trying again`);
      await systemClock.sleep(retryInMs, signal);
      signal.throwIfAborted();
    }
  }
}

function withoutCredentials(text: string): string {
  const url = new URL(text);
  return `${url.protocol}//${url.host}`;
}

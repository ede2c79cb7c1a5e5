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
import { explainFault } from './store/redis/explain-fault.ts';
import { explainStart } from './store/redis/explain-start.ts';
import type { RedisLocation } from './store/redis/location.ts';
import { missingConveniences } from './store/redis/permissions.ts';
import { RedisJobStore, type RedisJobStoreOptions } from './store/redis/redis-job-store.ts';
import { redisOwnerRate } from './store/redis/redis-owner-rate.ts';
import { RedisSharedText } from './store/redis/redis-shared-text.ts';
import { RedisSubmissions } from './store/redis/redis-submissions.ts';
import { SqliteDurationStore } from './store/sqlite/sqlite-duration-store.ts';
import { SqliteJobStore } from './store/sqlite/sqlite-job-store.ts';
import { SqliteSharedText } from './store/sqlite/sqlite-shared-text.ts';
import { SqliteSubmissions } from './store/sqlite/sqlite-submissions.ts';
import type { Submissions } from './store/submissions.ts';
import { StartError } from './start-error.ts';
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
  const place = placeOf(redis);
  const store = await connect(
    {
      location: redis,
      retentionMs,
      clock,
      random: Math.random,
      onUnreadable,
      onTrouble: (error) => {
        const { reason } = explainFault(error);
        faults.warn({ reason }, 'the line for announcements was lost; it is made anew');
      },
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
  const missing = await missingConveniences(store.client);
  if (missing.length > 0) {
    log.warn(
      `The user of REDIS_URL may not run ${missing.join(' and ')}: what Redis is set to and whether it is loading is not checked`,
    );
  }
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

/** Tries until it succeeds, or fails for something that does not pass. */
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
      const { reason, passes } = await explainStart(options.location, error);
      signal.throwIfAborted();
      if (!passes) throw new StartError(`Redis at ${place} cannot be used: ${reason}`, { cause: error });
      const retryInMs = backoffMs(failures, Math.random()) / 4;
      faults.warn({ retryInMs }, `Redis at ${place} cannot be reached (${reason}); trying again`);
      await systemClock.sleep(retryInMs, signal);
      signal.throwIfAborted();
    }
  }
}

/** For people: without credentials. */
function placeOf({ urls, sentinels }: RedisLocation): string {
  if (sentinels === undefined) return urls.map(withoutCredentials).join(', ');
  return `${sentinels.name} by the sentinels at ${sentinels.urls.map((url) => new URL(url).host).join(', ')}`;
}

function withoutCredentials(text: string): string {
  const url = new URL(text);
  return `${url.protocol}//${url.host}`;
}

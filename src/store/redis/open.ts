import { RateLimiterRedis } from 'rate-limiter-flexible';
import { backoffMs } from '../../domain/polling/backoff.ts';
import type { GroupMoments } from '../../domain/polling/duration-model.ts';
import { emitFault } from '../../events/emit-fault.ts';
import { systemClock } from '../../process/clocks.ts';
import { StartError } from '../../process/start-error.ts';
import { SharedAccountCredits } from '../account-credits.ts';
import { CachedBacklog } from '../backlog.ts';
import { describeRpm, SharedCallBudget } from '../call-budget.ts';
import { readMoments, SharedDurations, stringifyDurations } from '../durations.ts';
import { StoreUnavailableError } from '../job-store.ts';
import { type OwnerRate, ownerRateBy, RATE_WINDOW_SECONDS, UNLIMITED_RATE } from '../owner-rate.ts';
import type { Storage, StorageOptions } from '../storage.ts';
import { explainStart } from './connection/explain-fault.ts';
import type { RedisLocation } from './connection/location.ts';
import { checkRedisSettings, missingOptionalCommands } from './connection/permissions.ts';
import { keys } from './keys.ts';
import { RedisBacklog } from './redis-backlog.ts';
import { RedisDeliveries } from './redis-deliveries.ts';
import { RedisFileTasks } from './redis-file-tasks.ts';
import { RedisInstances } from './redis-instances.ts';
import { RedisJobStore, type RedisJobStoreOptions } from './redis-job-store.ts';
import { RedisOperatorActions } from './redis-operator-actions.ts';
import { RedisRegisteredDocuments } from './redis-registered-documents.ts';
import { RedisSharedText } from './redis-shared-text.ts';
import { RedisSubmissions } from './redis-submissions.ts';
import type { RedisClient } from './scripts/run-script.ts';

/**
 * Opens the shared store as soon as Redis can be reached.
 *
 * @param signal aborts the wait
 * @throws StartError when Redis cannot be used as configured; the signal's reason
 */
export async function openRedis(
  location: RedisLocation,
  { config, clock, log, events }: StorageOptions,
  signal: AbortSignal,
): Promise<Storage> {
  const { role, segmindRpm, jobRetentionMs: retentionMs } = config;
  const { generateRpmPerOwner: rpm } = config.limits;
  const now = () => clock.now();
  const place = placeOf(location);
  const store = await connect({ location, retentionMs, clock, random: Math.random, events }, place, signal);
  clock.follow(() => store.serverNow);
  const engine = location.cluster ? 'redis-cluster' : 'redis';
  log.info(
    { engine, redis: place, role, rpm: segmindRpm },
    `jobs are kept in Redis at ${place}${location.cluster ? ' (cluster)' : ''}; role ${role}, ${describeRpm(segmindRpm)} by all instances together`,
  );
  const { client, quarantine } = store;
  await checkRedisSettings(client, (message) => log.warn(message));
  const missing = await missingOptionalCommands(client);
  if (missing.length > 0) {
    log.warn(
      `The user of REDIS_URL may not run ${missing.join(' and ')}: the settings of Redis and whether it is loading are not checked`,
    );
  }
  const durations = new RedisSharedText(client, keys.durations);
  await importDurations(client, durations);
  return {
    store,
    cache: null,
    submissions: new RedisSubmissions(client, quarantine),
    fileTasks: new RedisFileTasks(client, quarantine),
    backlog: new CachedBacklog(new RedisBacklog({ client, quarantine, now }), now),
    operatorActions: new RedisOperatorActions({
      client,
      quarantine,
      publishWork: (job) => store.publishWork(job),
    }),
    instances: new RedisInstances(client),
    deliveries: new RedisDeliveries({ client, quarantine, retentionMs }),
    budget: new SharedCallBudget(new RedisSharedText(client, keys.budget), segmindRpm, now, events),
    durations: new SharedDurations(durations),
    credits: new SharedAccountCredits(new RedisSharedText(client, keys.credits), now),
    documents: new RedisRegisteredDocuments({ client, now }),
    jobTokenSecrets: new RedisSharedText(client, keys.jobTokenSecrets),
    videoUrlSecret: new RedisSharedText(client, keys.videoUrlSecret),
    archivePlace: new RedisSharedText(client, keys.archivePlace),
    ownerRate: redisOwnerRate(client, 'generate', rpm),
    uploadRate: redisOwnerRate(client, 'upload', rpm),
  };
}

/** Imports the durations that earlier versions learned. Without them jobs are only polled less efficiently. */
async function importDurations(client: RedisClient, text: RedisSharedText): Promise<void> {
  try {
    if ((await text.read()) !== null) return;
    const groups = Object.entries(await client.hgetall(keys.earlierDurations)).map(
      ([name, numbers]) => [name, readMoments(numbers.split(' ').map(Number))] as const,
    );
    const known = groups.filter((group): group is [string, GroupMoments] => group[1] !== null);
    if (known.length > 0) await text.replace(null, stringifyDurations(new Map(known)));
  } catch {
    // Redis became unavailable, or the key has another type.
  }
}

/** Retries until it succeeds or fails for a reason that does not disappear by itself. */
async function connect(
  options: RedisJobStoreOptions,
  place: string,
  signal: AbortSignal,
): Promise<RedisJobStore> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await RedisJobStore.open(options);
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      const { reason, isTemporary } = await explainStart(options.location, error);
      signal.throwIfAborted();
      if (!isTemporary) throw new StartError(`Redis at ${place} cannot be used: ${reason}`, { cause: error });
      const retryInMs = backoffMs(failures, Math.random()) / 4;
      const message = `Redis at ${place} cannot be reached (${reason}); trying again`;
      emitFault(options.events, 'store', 'warn', message, { retryInMs });
      await systemClock.sleep(retryInMs, signal);
      signal.throwIfAborted();
    }
  }
}

/** The location for log lines, without credentials. */
function placeOf({ urls, sentinels }: RedisLocation): string {
  if (sentinels === undefined) return urls.map(withoutCredentials).join(', ');
  return `${sentinels.name} by the sentinels at ${sentinels.urls.map((url) => new URL(url).host).join(', ')}`;
}

function withoutCredentials(text: string): string {
  const url = new URL(text);
  return `${url.protocol}//${url.host}`;
}

/**
 * A rate limit that all instances share.
 *
 * @param client owned by the caller
 * @param of each kind of call has its own count
 * @param rpm calls a minute; 0 for no limit
 */
export function redisOwnerRate(client: RedisClient, of: keyof typeof keys.rate, rpm: number): OwnerRate {
  if (rpm === 0) return UNLIMITED_RATE;
  return ownerRateBy(
    new RateLimiterRedis({
      storeClient: client,
      keyPrefix: keys.rate[of],
      points: rpm,
      duration: RATE_WINDOW_SECONDS,
    }),
  );
}

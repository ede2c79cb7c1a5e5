import type { Job } from '../../../src/domain/job/job.ts';
import { systemClock } from '../../../src/process/clocks.ts';
import { RedisJobStore, type RedisJobStoreOptions } from '../../../src/store/redis/redis-job-store.ts';
import { NO_EVENTS } from '../../support/events.ts';
import { acceptedJob } from '../../support/jobs.ts';
import { DAY } from '../../support/times.ts';

/** Opens a store with a week of retention on a Redis, or on a cluster when there are several URLs. */
export function openRedis(
  urls: readonly string[],
  change: Partial<RedisJobStoreOptions> = {},
): Promise<RedisJobStore> {
  return RedisJobStore.open({
    location: { urls, cluster: urls.length > 1 },
    retentionMs: 7 * DAY,
    clock: systemClock,
    random: Math.random,
    events: NO_EVENTS,
    ...change,
  });
}

/** A job that was accepted now: the store removes old jobs. */
export function freshJob(change: Partial<Job> = {}): Job {
  return acceptedJob({ createdAt: Date.now(), ...change });
}

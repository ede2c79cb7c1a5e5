import type { Job } from '../../domain/job.ts';
import type { Topic } from '../job-store.ts';
import { findDue } from './claim-due.ts';
import type { RedisClient } from './connections.ts';
import { CLOCK_SKEW_MS, oldestId } from './keys.ts';
import { listJobs } from './list-jobs.ts';

/** What the look works with. */
export interface MissedJobsOptions {
  readonly client: RedisClient;
  /** As many jobs as asked for, in order; null for one that is gone. */
  readonly read: (ids: readonly string[]) => Promise<(Job | null)[]>;
  /** Epoch milliseconds at which the line for subscriptions was last known to work. */
  readonly since: number;
  readonly now: number;
}

/** No job is unfinished for longer than this: the longest deadline that can be set. */
const LONGEST_LIFE_MS = 24 * 60 * 60 * 1000;
/** A subscriber that gets more at once than this is refused as too slow anyway. */
const MAX_JOBS = 1001;

/** What a watcher of a topic may have missed, and perhaps more; each job as it is now. */
export async function missedJobs(
  topic: Topic,
  { client, read, since, now }: MissedJobsOptions,
): Promise<Job[]> {
  switch (topic.type) {
    case 'job':
      return present(await read([topic.jobId]));
    case 'work': {
      const due = await findDue(client, { now, leaseUntil: now, limit: 1, callLimit: 1, worth: null });
      return present(await read(due));
    }
    case 'owner': {
      const query = { ownerId: topic.ownerId, phases: null, ascending: false, limit: MAX_JOBS };
      const newerThan = oldestId(since - LONGEST_LIFE_MS);
      const changed = ({ updatedAt }: Job) => updatedAt >= since - CLOCK_SKEW_MS;
      return listJobs(client, { ...query, newerThan, olderThan: null }, read, changed);
    }
  }
}

function present(jobs: readonly (Job | null)[]): Job[] {
  return jobs.filter((job) => job !== null);
}

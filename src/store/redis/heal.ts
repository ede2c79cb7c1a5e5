import type { Job } from '../../domain/job.ts';
import type { Topic, TopicListener } from '../job-store.ts';
import { findDue } from './claim-due.ts';
import type { RedisClient } from './connections.ts';
import { oldestId } from './keys.ts';
import { listJobs } from './list-jobs.ts';

/** What a healing works with. */
export interface HealOptions {
  readonly client: RedisClient;
  /** As many jobs as asked for, in order; null for one that is gone. */
  readonly read: (ids: readonly string[]) => Promise<(Job | null)[]>;
  /** Epoch milliseconds at which the line for subscriptions was last known to work. */
  readonly since: number;
  readonly now: number;
}

/** Instances' clocks may differ by this much, in milliseconds. */
const CLOCK_SKEW_MS = 30_000;
/** No job is unfinished for longer than this: the longest deadline that can be set. */
const LONGEST_LIFE_MS = 24 * 60 * 60 * 1000;
/** A subscriber that gets more at once than this is refused as too slow anyway. */
const MAX_JOBS = 1001;

/** Tells a listener what it may have missed while there was no line. It may hear of a version twice. */
export async function heal(topic: Topic, listener: TopicListener, options: HealOptions): Promise<void> {
  for (const job of await missed(topic, options)) listener(job);
}

async function missed(topic: Topic, { client, read, since, now }: HealOptions): Promise<Job[]> {
  switch (topic.type) {
    case 'job':
      return present(await read([topic.jobId]));
    case 'work': {
      const due = await findDue(client, { now, leaseUntil: now, limit: 1, callLimit: 1 });
      return present(await read(due));
    }
    case 'owner': {
      const query = { ownerId: topic.ownerId, phases: null, ascending: true, limit: MAX_JOBS };
      const newerThan = oldestId(since - LONGEST_LIFE_MS);
      const jobs = await listJobs(client, { ...query, newerThan, olderThan: null }, read);
      return jobs.filter(({ updatedAt }) => updatedAt >= since - CLOCK_SKEW_MS);
    }
  }
}

function present(jobs: readonly (Job | null)[]): Job[] {
  return jobs.filter((job) => job !== null);
}

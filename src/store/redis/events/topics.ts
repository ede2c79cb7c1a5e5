import type { Job } from '../../../domain/job/job.ts';
import type { Topic } from '../../job-store.ts';
import type { JobAccess } from '../jobs/job-reader.ts';
import { listJobs } from '../jobs/list-jobs.ts';
import { channels, CLOCK_SKEW_MS, oldestId, SHARDS } from '../keys.ts';
import { findDue } from '../queue/lease-due.ts';

/** No job is unfinished for longer than this: the longest deadline that can be configured. */
const LONGEST_LIFE_MS = 24 * 60 * 60 * 1000;
/** A subscriber with more jobs than this at once is disconnected as too slow. */
const MAX_JOBS = 1001;

/** The channels that carry a topic. */
export function channelsOf(topic: Topic): string[] {
  switch (topic.type) {
    case 'job':
      return [channels.job(topic.jobId)];
    case 'owner':
      return SHARDS.map((shard) => channels.owner(shard, topic.ownerId));
    case 'work':
      return SHARDS.map(channels.work);
  }
}

export interface CatchUpOptions extends JobAccess {
  /** When the subscriber connection was last known to work, in epoch milliseconds. */
  readonly since: number;
  readonly now: number;
}

/** Reads the jobs of a topic that a subscriber may have missed, and perhaps more; each in its stored version. */
export async function catchUp(topic: Topic, { since, now, ...access }: CatchUpOptions): Promise<Job[]> {
  const { reader } = access;
  switch (topic.type) {
    case 'job':
      return present(await reader.read([topic.jobId]));
    case 'work': {
      const one = { now, limit: 1, callLimit: 1, except: [], preferred: null };
      return present(await reader.read(await findDue({ ...access, brokenShards: new Set() }, one)));
    }
    case 'owner': {
      const query = { ownerId: topic.ownerId, phases: null, ascending: false, limit: MAX_JOBS };
      const newerThan = oldestId(since - LONGEST_LIFE_MS);
      const changed = ({ updatedAt }: Job) => updatedAt >= since - CLOCK_SKEW_MS;
      return listJobs(access, { ...query, newerThan, olderThan: null }, changed);
    }
  }
}

function present(jobs: readonly (Job | null)[]): Job[] {
  return jobs.filter((job) => job !== null);
}

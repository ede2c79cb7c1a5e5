import type { Job } from '../../../domain/job/job.ts';
import type { Topic } from '../../job-store.ts';
import { changedJobs } from '../jobs/changed-jobs.ts';
import type { JobAccess } from '../jobs/job-reader.ts';
import { channels, SHARDS } from '../keys.ts';
import { findDue } from '../queue/lease-due.ts';

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
  /** Milliseconds for which a final job can be read. */
  readonly retentionMs: number;
}

/** Reads the jobs of a topic that a subscriber may have missed, and perhaps more; each in its stored version. */
export async function catchUp(
  topic: Topic,
  { since, now, retentionMs, ...access }: CatchUpOptions,
): Promise<Job[]> {
  const { reader } = access;
  switch (topic.type) {
    case 'job':
      return present(await reader.read([topic.jobId]));
    case 'work': {
      const one = { now, limit: 1, callLimit: 1, except: [], preferred: null };
      return present(await reader.read(await findDue({ ...access, brokenShards: new Set() }, one)));
    }
    case 'owner':
      return changedJobs(access, { ownerId: topic.ownerId, since, now, retentionMs, limit: MAX_JOBS });
  }
}

function present(jobs: readonly (Job | null)[]): Job[] {
  return jobs.filter((job) => job !== null);
}

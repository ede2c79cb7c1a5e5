import type { Job } from '../../domain/job/job.ts';
import type { Topic } from '../job-store.ts';
import { findDue } from './lease-due.ts';
import type { JobAccess } from './job-reader.ts';
import { CLOCK_SKEW_MS, oldestId } from './keys.ts';
import { listJobs } from './list-jobs.ts';

/** What the look works with. */
export interface CatchUpOptions extends JobAccess {
  /** Epoch milliseconds at which the line for subscriptions was last known to work. */
  readonly since: number;
  readonly now: number;
}

/** No job is unfinished for longer than this: the longest deadline that can be set. */
const LONGEST_LIFE_MS = 24 * 60 * 60 * 1000;
/** A subscriber that gets more at once than this is refused as too slow anyway. */
const MAX_JOBS = 1001;

/** What a watcher of a topic may have missed, and perhaps more; each job as it is now. */
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

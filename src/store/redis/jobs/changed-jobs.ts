import { idBound } from '../../../domain/job/job-id.ts';
import type { Job } from '../../../domain/job/job.ts';
import { CLOCK_SKEW_MS, keys, SHARDS } from '../keys.ts';
import { runScript } from '../scripts/run-script.ts';
import type { JobAccess } from './job-reader.ts';

export interface ChangedQuery {
  readonly ownerId: string;
  /** Epoch milliseconds. */
  readonly since: number;
  readonly now: number;
  /** Milliseconds for which a final job can be read. */
  readonly retentionMs: number;
  readonly limit: number;
}

/** No job is unfinished for longer than this: the longest deadline that can be configured. */
const LONGEST_LIFE_MS = 24 * 60 * 60 * 1000;
/** How many ids one run of the script looks at. */
const BATCH = 1000;
/** How many jobs are read at a time. */
const PAGE = 200;

/** Reads an owner's jobs that have changed since a time, newest first. Does not read those that were final by then. */
export async function changedJobs(access: JobAccess, query: ChangedQuery): Promise<Job[]> {
  const { since, limit } = query;
  const perShard = await Promise.all(SHARDS.map((shard) => changedIds(access, shard, query)));
  const ids = perShard.flat().toSorted().toReversed();
  const found: Job[] = [];
  for (let start = 0; start < ids.length && found.length < limit; start += PAGE) {
    const jobs = await access.reader.read(ids.slice(start, start + PAGE));
    found.push(
      ...jobs.filter((job) => job !== null).filter(({ updatedAt }) => updatedAt >= since - CLOCK_SKEW_MS),
    );
  }
  return found.slice(0, limit);
}

async function changedIds(
  { client, quarantine }: JobAccess,
  shard: string,
  { ownerId, since, now, retentionMs }: ChangedQuery,
): Promise<string[]> {
  const key = keys.owner(shard, ownerId);
  // A job that became final at that time expires then.
  const leastTtl = Math.floor(retentionMs - (now - since) - 2 * CLOCK_SKEW_MS);
  const found: string[] = [];
  for (let start = `(${idBound(since - LONGEST_LIFE_MS)}`; start !== '';) {
    const from = start;
    const answer = await quarantine.tolerate({ [key]: 'zset' }, [], () =>
      runScript(client, 'reelgateChanged', [key], [from, BATCH, leastTtl, keys.jobsOf(shard)]),
    );
    const [ids, next] = Array.isArray(answer) ? answer : [];
    if (Array.isArray(ids)) found.push(...ids.map(String));
    start = String(next ?? '');
  }
  return found;
}

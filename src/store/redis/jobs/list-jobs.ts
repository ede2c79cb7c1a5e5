import type { Job } from '../../../domain/job/job.ts';
import type { ListQuery } from '../../job-store.ts';
import { keys, SHARDS } from '../keys.ts';
import { runScript } from '../scripts/run-script.ts';
import type { JobAccess } from './job-reader.ts';
import { refreshStatuses, setsOfPhases, statusSets } from './status-index.ts';

/** Minimum number of jobs that are read at a time, because some may be filtered out. */
const MIN_PAGE = 50;
/** How many ids of expired jobs one script removes. */
const SWEEP = 500;

/**
 * Lists a page of an owner's jobs, merged from the owner's sets of all shards: those of all jobs, or those of the statuses of the phases.
 * Ids of expired jobs are skipped and removed.
 */
export async function listJobs(access: JobAccess, query: ListQuery): Promise<Job[]> {
  const { ownerId, phases, ascending, limit } = query;
  if (phases?.length === 0) return [];
  if (phases !== null) await refreshStatuses(access, ownerId);
  const inPhase = (job: Job) => phases === null || phases.includes(job.phase);
  const found: Job[] = [];
  let { olderThan, newerThan } = query;
  let mayHaveExpired = true;
  const pageSize = Math.max(limit, MIN_PAGE);
  while (found.length < limit) {
    const page = { ...query, olderThan, newerThan, limit: pageSize };
    const ids = await listIds(access, page);
    const jobs = await access.reader.read(ids);
    if (mayHaveExpired && jobs.includes(null) && (await sweep(access, page))) {
      mayHaveExpired = false;
      continue;
    }
    mayHaveExpired = true;
    found.push(...jobs.filter((job) => job !== null).filter(inPhase));
    if (ids.length < pageSize) break;
    if (ascending) newerThan = ids.at(-1) ?? null;
    else olderThan = ids.at(-1) ?? null;
  }
  return found.slice(0, limit);
}

/** The command and the bounds that read a set in the order of a page. */
function rangeOf({ olderThan, newerThan, ascending }: ListQuery) {
  const min = newerThan === null ? '-' : `(${newerThan}`;
  const max = olderThan === null ? '+' : `(${olderThan}`;
  return ascending
    ? { command: 'ZRANGEBYLEX', from: min, to: max }
    : { command: 'ZREVRANGEBYLEX', from: max, to: min };
}

async function listIds({ client, quarantine }: JobAccess, query: ListQuery): Promise<string[]> {
  const { ownerId, phases, ascending, limit } = query;
  const { from, to } = rangeOf(query);
  // The sets of a shard are read in the order of a job's life, so that a job that moves meanwhile is found in one of them or in both.
  const perSet = await Promise.all(
    SHARDS.flatMap((shard) => setsOfPhases(shard, ownerId, phases)).map((key) =>
      quarantine.tolerate({ [key]: 'zset' }, [], () =>
        ascending
          ? client.zrangebylex(key, from, to, 'LIMIT', 0, limit)
          : client.zrevrangebylex(key, from, to, 'LIMIT', 0, limit),
      ),
    ),
  );
  const ids = [...new Set(perSet.flat())].toSorted();
  return (ascending ? ids : ids.toReversed()).slice(0, limit);
}

/** Removes the ids of expired jobs at the beginning of a page, and all that follow directly. @returns whether there were any */
async function sweep({ client, quarantine }: JobAccess, query: ListQuery): Promise<boolean> {
  const { ownerId, phases } = query;
  const { command, from, to } = rangeOf(query);
  const sets = SHARDS.flatMap((shard) => setsOfPhases(shard, ownerId, phases).map((key) => ({ shard, key })));
  const removed = await Promise.all(
    sets.map(async ({ shard, key }) => {
      const names = [key, keys.owner(shard, ownerId), ...statusSets(shard, ownerId)];
      let start = from;
      for (let any = false; ;) {
        const answer = await quarantine.tolerate({ [key]: 'zset' }, [], () =>
          runScript(client, 'reelgateSweep', names, [command, start, to, SWEEP, keys.jobsOf(shard)]),
        );
        const [count, last] = Array.isArray(answer) ? answer.map(String) : [];
        any ||= Number(count ?? 0) > 0;
        if (last === undefined || last === '') return any;
        start = `(${last}`;
      }
    }),
  );
  return removed.includes(true);
}

import type { Job } from '../../../domain/job/job.ts';
import type { ListQuery } from '../../job-store.ts';
import { keys, SHARDS } from '../keys.ts';
import type { JobAccess } from './job-reader.ts';

/** Minimum number of jobs that are read at a time, because many may be filtered out. */
const MIN_PAGE = 50;

/**
 * Lists a page of an owner's jobs, merged from the owner's sets of all shards. Ids of expired jobs are skipped.
 *
 * @param filter an additional condition
 */
export async function listJobs(
  access: JobAccess,
  query: ListQuery,
  filter: (job: Job) => boolean = () => true,
): Promise<Job[]> {
  const { phases, ascending, limit } = query;
  if (phases?.length === 0) return [];
  const inPhase = (job: Job) => phases === null || phases.includes(job.phase);
  const found: Job[] = [];
  let { olderThan, newerThan } = query;
  const pageSize = Math.max(limit, MIN_PAGE);
  while (found.length < limit) {
    const ids = await listIds(access, { ...query, olderThan, newerThan, limit: pageSize });
    const jobs = await access.reader.read(ids);
    found.push(...jobs.filter((job) => job !== null).filter((job) => inPhase(job) && filter(job)));
    if (ids.length < pageSize) break;
    if (ascending) newerThan = ids.at(-1) ?? null;
    else olderThan = ids.at(-1) ?? null;
  }
  return found.slice(0, limit);
}

async function listIds({ client, quarantine }: JobAccess, query: ListQuery): Promise<string[]> {
  const { ownerId, olderThan, newerThan, ascending, limit } = query;
  const min = newerThan === null ? '-' : `(${newerThan}`;
  const max = olderThan === null ? '+' : `(${olderThan}`;
  const perShard = await Promise.all(
    SHARDS.map((shard) => {
      const key = keys.owner(shard, ownerId);
      return quarantine.tolerate({ [key]: 'zset' }, [], () =>
        ascending
          ? client.zrangebylex(key, min, max, 'LIMIT', 0, limit)
          : client.zrevrangebylex(key, max, min, 'LIMIT', 0, limit),
      );
    }),
  );
  const ids = perShard.flat().toSorted();
  return (ascending ? ids : ids.toReversed()).slice(0, limit);
}

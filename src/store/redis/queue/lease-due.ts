import { forcedEndAt } from '../../../domain/job/job.ts';
import type { LeasedJob, LeaseQuery, DueJob, DueQuery } from '../../job-store.ts';
import { decodeDueJob, fromFlatList } from '../jobs/job-hash.ts';
import type { JobAccess } from '../jobs/job-reader.ts';
import { keys, shardOf } from '../keys.ts';
import { runScript } from '../scripts/run-script.ts';
import { candidates, type DueSearch } from './candidates.ts';
import { lowest } from './lowest.ts';

/** A search whose jobs other pollers leased meanwhile is repeated at most this many times. */
const MAX_SEARCHES = 10;

/**
 * Searches for due jobs, then leases them. When other pollers were faster or some jobs are unreadable, it searches again, so that pollers
 * that wake at the same time share the due jobs.
 */
export async function leaseDue(
  access: JobAccess,
  query: LeaseQuery,
  leasePrefix: string,
): Promise<LeasedJob[]> {
  const search = { ...access, brokenShards: new Set<string>() };
  const leases: LeasedJob[] = [];
  let { preferred } = query;
  for (let searches = 0; searches < MAX_SEARCHES; searches += 1) {
    const calls = leases.filter(({ job }) => forcedEndAt(job) > query.now).length;
    const rest = { limit: query.limit - leases.length, callLimit: query.callLimit - calls, preferred };
    const ids = await findDue(search, { ...query, ...rest });
    if (ids.length === 0) break;
    preferred = preferred?.filter((id) => !ids.includes(id)) ?? null;
    const leased = await leaseJobs(search, ids, query, leasePrefix);
    leases.push(...leased);
    if (leased.length === ids.length) break;
  }
  return leases;
}

/** Leases those of the jobs that are still due, in one round trip. Needs another when some are unreadable. */
async function leaseJobs(
  search: DueSearch,
  ids: readonly string[],
  query: LeaseQuery,
  leasePrefix: string,
): Promise<LeasedJob[]> {
  const byShard = Map.groupBy(ids, shardOf);
  const leased = await Promise.all(
    [...byShard].map(([shard, shardIds]) => leaseOfShard(search, shard, shardIds, query, leasePrefix)),
  );
  const order = new Map(ids.map((id, index) => [id, index]));
  return leased.flat().toSorted((a, b) => (order.get(a.job.id) ?? 0) - (order.get(b.job.id) ?? 0));
}

async function leaseOfShard(
  { client, quarantine, brokenShards }: DueSearch,
  shard: string,
  ids: readonly string[],
  { now, leaseUntil }: LeaseQuery,
  leasePrefix: string,
): Promise<LeasedJob[]> {
  const [due, deadline] = [keys.due(shard), keys.deadline(shard)];
  const answers = await quarantine.tolerate({ [due]: 'zset', [deadline]: 'zset' }, null, () =>
    runScript(
      client,
      'reelgateLease',
      [due, deadline, ...ids.map(keys.job)],
      [now, leaseUntil, leasePrefix, ...ids],
    ),
  );
  if (answers === null) brokenShards.add(shard);
  if (!Array.isArray(answers)) return [];
  const leases: LeasedJob[] = [];
  const unreadable: Promise<void>[] = [];
  for (const [index, answer] of answers.entries()) {
    const id = ids[index] ?? '';
    try {
      if (!Array.isArray(answer)) throw new Error(`The stored job is a key of type ${String(answer)}.`);
      const hash = fromFlatList(answer);
      const found = decodeDueJob(hash);
      if (found !== null) leases.push({ ...found, leaseId: hash['@lease'] ?? '' });
    } catch (error) {
      unreadable.push(quarantine.add(id, error));
    }
  }
  await Promise.all(unreadable);
  return leases;
}

/**
 * Finds the ids of jobs to lease in all shards: those past their deadline, then the preferred or the longest due ones. Takes one round trip,
 * or two when the shards are uneven. Another poller may lease some of them first.
 */
export async function findDue(
  search: DueSearch,
  { now, limit, callLimit, except, preferred }: Omit<LeaseQuery, 'leaseUntil'>,
): Promise<string[]> {
  const skipped = new Set(except);
  const [expired, due] = await Promise.all([
    oldest(search, keys.deadline, now, limit, skipped),
    preferred ?? (callLimit > 0 ? oldest(search, keys.due, now, limit, skipped) : []),
  ]);
  const first = new Set(expired);
  const calls = Math.max(0, Math.min(limit - first.size, callLimit));
  return [...first, ...due.filter((id) => !first.has(id)).slice(0, calls)];
}

/** As in `JobQueue`. Takes three round trips, or one when there is no choice. */
export async function findCandidates(
  access: JobAccess,
  { now, limit, callLimit, except }: DueQuery,
): Promise<DueJob[] | null> {
  if (callLimit === 0) return null;
  const search = { ...access, brokenShards: new Set<string>() };
  const skipped = new Set(except);
  // One job more than the query may lease shows that there is a choice.
  const [expired, due] = await Promise.all([
    oldest(search, keys.deadline, now, limit, skipped),
    oldest(search, keys.due, now, limit + 1, skipped),
  ]);
  const first = new Set(expired);
  const calls = Math.min(limit - first.size, callLimit);
  if (calls <= 0 || due.filter((id) => !first.has(id)).length <= calls) return null;
  const found = await access.reader.readDue(await candidates(search, now, new Set([...first, ...skipped])));
  return found.filter((job) => job !== null);
}

/** Returns the lowest members of a sorted set of all shards, up to a score, without the excepted ones. */
async function oldest(
  search: DueSearch,
  keyOf: (shard: string) => string,
  until: number,
  limit: number,
  except: ReadonlySet<string>,
): Promise<string[]> {
  const found = await lowest(search, keyOf, until, limit);
  const wanted = found.filter((id) => !except.has(id));
  if (wanted.length === found.length || found.length < limit) return wanted;
  // Excepted jobs may be among the lowest, so read that many more. This is rare, because their leases mostly hold.
  const more = await lowest(search, keyOf, until, limit + except.size);
  return more.filter((id) => !except.has(id)).slice(0, limit);
}

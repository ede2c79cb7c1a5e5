import type { Claim, ClaimQuery } from '../job-store.ts';
import type { RedisClient } from './connections.ts';
import { decodeJob, fromFlatList } from './job-hash.ts';
import { keys, SHARDS, shardOf } from './keys.ts';
import { runScript } from './scripts.ts';

/**
 * The ids of jobs to claim: those past their deadline, then those due, the longest first, over all shards. In one round
 * trip; another poller may be faster with some.
 */
export async function findDue(client: RedisClient, { now, limit, callLimit }: ClaimQuery): Promise<string[]> {
  const [expired, due] = await Promise.all([
    oldest(client, keys.deadline, now, limit),
    callLimit > 0 ? oldest(client, keys.due, now, limit) : [],
  ]);
  const dueNow = new Set(due);
  const first = new Set(expired);
  const calls = Math.max(0, Math.min(limit - first.size, callLimit));
  return [...first, ...[...dueNow].filter((id) => !first.has(id)).slice(0, calls)];
}

/** Leases those of the jobs that are still due. In one round trip. */
export async function claimJobs(
  client: RedisClient,
  ids: readonly string[],
  { now, leaseUntil }: ClaimQuery,
  lease: string,
): Promise<Claim[]> {
  const byShard = Map.groupBy(ids, shardOf);
  const claimed = await Promise.all(
    [...byShard].map(([shard, shardIds]) =>
      runScript(
        client,
        'reelgateClaim',
        [keys.due(shard), ...shardIds.map(keys.job)],
        [now, leaseUntil, lease, ...shardIds],
      ),
    ),
  );
  const order = new Map(ids.map((id, index) => [id, index]));
  return claimed
    .flatMap((lists) => (Array.isArray(lists) ? lists : []))
    .flatMap((list: string[]) => {
      const hash = fromFlatList(list);
      const job = decodeJob(hash);
      return job === null ? [] : [{ job, faults: Number(hash['@faults'] ?? 0), lease }];
    })
    .toSorted((a, b) => (order.get(a.job.id) ?? 0) - (order.get(b.job.id) ?? 0));
}

/** The members of a sorted set that all shards have, up to a score, the lowest first. */
async function oldest(
  client: RedisClient,
  keyOf: (shard: string) => string,
  until: number,
  limit: number,
): Promise<string[]> {
  const perShard = await Promise.all(
    SHARDS.map((shard) => client.zrangebyscore(keyOf(shard), '-inf', until, 'WITHSCORES', 'LIMIT', 0, limit)),
  );
  const scored = perShard.flatMap((flat) =>
    Object.entries(fromFlatList(flat)).map(([id, score]) => ({ id, score: Number(score) })),
  );
  return scored
    .toSorted((a, b) => a.score - b.score)
    .slice(0, limit)
    .map(({ id }) => id);
}

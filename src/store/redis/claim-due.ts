import type { Claim, ClaimQuery } from '../job-store.ts';
import type { RedisClient } from './connections.ts';
import { decodeJob, fromFlatList } from './job-hash.ts';
import { keys, SHARDS, shardOf } from './keys.ts';
import { runScript } from './scripts.ts';

/** Each look that others spoil is one in which they got something done; still, a claim has to end. */
const MAX_LOOKS = 10;

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

/**
 * Leases jobs that are due: a look for them, then the claim. Where other pollers were faster with some it looks again,
 * so that pollers who wake together share what there is.
 */
export async function claimDue(client: RedisClient, query: ClaimQuery, lease: string): Promise<Claim[]> {
  const claims: Claim[] = [];
  for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
    const calls = claims.filter(({ job }) => job.deadlineAt > query.now).length;
    const rest = { limit: query.limit - claims.length, callLimit: query.callLimit - calls };
    const ids = await findDue(client, { ...query, ...rest });
    if (ids.length === 0) break;
    const claimed = await claimJobs(client, ids, query, lease);
    claims.push(...claimed);
    if (claimed.length === ids.length) break;
  }
  return claims;
}

/** Leases those of the jobs that are still due. In one round trip. */
async function claimJobs(
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
        [keys.due(shard), keys.deadline(shard), ...shardIds.map(keys.job)],
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
      const { '@faults': faults = '0', '@lease': leased = '' } = hash;
      return job === null ? [] : [{ job, faults: Number(faults), lease: leased }];
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

import { type Claim, type ClaimQuery, type DueJob, WORTH_LOOKS, worthMost } from '../job-store.ts';
import type { RedisClient } from './connections.ts';
import { decodeJob, fromFlatList } from './job-hash.ts';
import { keys, SHARDS, shardOf } from './keys.ts';
import { runScript } from './scripts.ts';

/** Each look that others spoil is one in which they got something done; still, a claim has to end. */
const MAX_LOOKS = 10;
/** How many more than twice its part a shard is asked for. */
const SPARE = 8;

interface ScoredId {
  readonly id: string;
  readonly score: number;
}

/**
 * The ids of jobs to claim: those past their deadline, then those due, those worth most or the longest due first, over
 * all shards. In one round trip, two when the shards are uneven, and one more when there are more due than may be claimed
 * and their worth counts; another poller may be faster with some.
 */
export async function findDue(client: RedisClient, query: ClaimQuery): Promise<string[]> {
  const { now, limit, callLimit, worth } = query;
  const looks = worth === null ? limit : WORTH_LOOKS;
  const [expired, urgent, due] = await Promise.all([
    oldest(client, keys.deadline, now, limit),
    callLimit > 0 && worth !== null ? oldest(client, keys.urgent, now, looks) : [],
    callLimit > 0 ? oldest(client, keys.due, now, looks) : [],
  ]);
  const first = new Set(expired);
  const calls = Math.max(0, Math.min(limit - first.size, callLimit));
  const rest = [...new Set([...urgent, ...due])].filter((id) => !first.has(id));
  const ranked = worth === null || rest.length <= calls ? rest : await rank(client, rest, worth);
  return [...first, ...ranked.slice(0, calls)];
}

async function rank(
  client: RedisClient,
  ids: readonly string[],
  worth: NonNullable<ClaimQuery['worth']>,
): Promise<string[]> {
  const hashes = await Promise.all(ids.map((id) => client.hgetall(keys.job(id))));
  const due = hashes.map(readDueJob).filter((found) => found !== null);
  return worthMost(due, worth).map(({ job }) => job.id);
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
        [keys.due(shard), keys.deadline(shard), keys.urgent(shard), ...shardIds.map(keys.job)],
        [now, leaseUntil, lease, ...shardIds],
      ),
    ),
  );
  const order = new Map(ids.map((id, index) => [id, index]));
  return claimed
    .flatMap((lists) => (Array.isArray(lists) ? lists : []))
    .flatMap((list: string[]) => {
      const hash = fromFlatList(list);
      const due = readDueJob(hash);
      const { '@faults': faults = '0', '@lease': leased = '' } = hash;
      return due === null ? [] : [{ ...due, faults: Number(faults), lease: leased }];
    })
    .toSorted((a, b) => (order.get(a.job.id) ?? 0) - (order.get(b.job.id) ?? 0));
}

/** @returns null when the job is gone */
function readDueJob(hash: Readonly<Record<string, string>>): DueJob | null {
  const job = decodeJob(hash);
  const { '@seenAt': seenAt = '' } = hash;
  return job === null ? null : { job, seenAt: seenAt === '' ? null : Number(seenAt) };
}

/**
 * The members of a sorted set that all shards have, up to a score, the lowest first.
 *
 * Jobs are spread evenly, so that each shard is asked for little more than its part; those that turn out to have more
 * of the lowest are asked again.
 */
async function oldest(
  client: RedisClient,
  keyOf: (shard: string) => string,
  until: number,
  limit: number,
): Promise<string[]> {
  const lowest = async (shard: string, count: number): Promise<ScoredId[]> => {
    const flat = await client.zrangebyscore(keyOf(shard), '-inf', until, 'WITHSCORES', 'LIMIT', 0, count);
    return Object.entries(fromFlatList(flat)).map(([id, score]) => ({ id, score: Number(score) }));
  };
  const part = Math.min(limit, 2 * Math.ceil(limit / SHARDS.length) + SPARE);
  const parts = await Promise.all(SHARDS.map((shard) => lowest(shard, part)));
  const merged = merge(parts, limit);
  const last = merged[limit - 1]?.score ?? Infinity;
  const hasMore = (found: ScoredId[]) =>
    found.length === part && part < limit && (found.at(-1)?.score ?? 0) < last;
  if (!parts.some(hasMore)) return merged.map(({ id }) => id);
  const wholes = await Promise.all(
    parts.map(async (found, index) => (hasMore(found) ? lowest(SHARDS[index] ?? '', limit) : found)),
  );
  return merge(wholes, limit).map(({ id }) => id);
}

function merge(parts: readonly ScoredId[][], limit: number): ScoredId[] {
  return parts
    .flat()
    .toSorted((a, b) => a.score - b.score)
    .slice(0, limit);
}

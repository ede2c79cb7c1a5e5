import type { ClaimQuery } from '../job-store.ts';
import { candidates, type DueSearch } from './candidates.ts';
import { fromFlatList } from './job-hash.ts';
import { keys, SHARDS } from './keys.ts';

/** How many more than twice its part a shard is asked for. */
const SPARE = 8;

interface ScoredId {
  readonly id: string;
  readonly score: number;
}

/**
 * The ids of jobs to claim: those past their deadline, then those that were chosen or the longest due, over all shards.
 * In one round trip, two when the shards are uneven, and two more when a choice is made; another poller may be faster
 * with some.
 */
export async function findDue(search: DueSearch, query: ClaimQuery): Promise<string[]> {
  const { now, limit, callLimit, choose } = query;
  const except = new Set(query.except);
  // One more than can be claimed shows that there are more.
  const count = choose === null ? limit : limit + 1;
  const [expired, due] = await Promise.all([
    oldest(search, keys.deadline, now, limit, except),
    callLimit > 0 ? oldest(search, keys.due, now, count, except) : [],
  ]);
  const first = new Set(expired);
  const calls = Math.max(0, Math.min(limit - first.size, callLimit));
  const rest = due.filter((id) => !first.has(id));
  if (choose === null || rest.length <= calls) return [...first, ...rest.slice(0, calls)];
  if (calls === 0) return expired;
  const found = await search.reader.readDue(await candidates(search, now, new Set([...first, ...except])));
  const chosen = choose(found.filter((job) => job !== null)).slice(0, calls);
  return [...first, ...chosen.map(({ job }) => job.id)];
}

/** Members of a sorted set that all shards have, up to a score, the lowest first; without the excepted ones. */
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
  // Those that are left out may hide others behind them. There are rarely any: mostly their leases hold.
  const more = await lowest(search, keyOf, until, limit + except.size);
  return more.filter((id) => !except.has(id)).slice(0, limit);
}

/**
 * Jobs are spread evenly, so that each shard is asked for little more than its part; those that turn out to have more
 * of the lowest are asked again.
 */
async function lowest(
  { client, quarantine, brokenShards }: DueSearch,
  keyOf: (shard: string) => string,
  until: number,
  limit: number,
): Promise<string[]> {
  const read = async (shard: string, count: number): Promise<ScoredId[]> => {
    if (brokenShards.has(shard)) return [];
    const key = keyOf(shard);
    const flat = await quarantine.tolerate({ [key]: 'zset' }, null, () =>
      client.zrangebyscore(key, '-inf', until, 'WITHSCORES', 'LIMIT', 0, count),
    );
    if (flat === null) brokenShards.add(shard);
    return Object.entries(fromFlatList(flat ?? [])).map(([id, score]) => ({ id, score: Number(score) }));
  };
  const part = Math.min(limit, 2 * Math.ceil(limit / SHARDS.length) + SPARE);
  const parts = await Promise.all(SHARDS.map((shard) => read(shard, part)));
  const merged = merge(parts, limit);
  const last = merged[limit - 1]?.score ?? Infinity;
  const hasMore = (found: ScoredId[]) =>
    found.length === part && part < limit && (found.at(-1)?.score ?? 0) < last;
  if (!parts.some(hasMore)) return merged.map(({ id }) => id);
  const wholes = await Promise.all(
    parts.map(async (found, index) => (hasMore(found) ? read(SHARDS[index] ?? '', limit) : found)),
  );
  return merge(wholes, limit).map(({ id }) => id);
}

function merge(parts: readonly ScoredId[][], limit: number): ScoredId[] {
  return parts
    .flat()
    .toSorted((a, b) => a.score - b.score)
    .slice(0, limit);
}

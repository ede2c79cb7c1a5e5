import { fromFlatList } from '../jobs/job-hash.ts';
import type { JobAccess } from '../jobs/job-reader.ts';
import { SHARDS } from '../keys.ts';

/** What reads of sorted sets need. */
export type SetAccess = Pick<JobAccess, 'client' | 'quarantine'>;

/** A search in a sorted set that each shard has. */
export interface SetSearch extends SetAccess {
  /** Shards to skip. The search adds shards whose keys have the wrong type. */
  readonly brokenShards: Set<string>;
}

/** Added to twice the share of a shard, which is how many jobs the first read asks for. */
const SPARE = 8;

interface ScoredId {
  readonly id: string;
  readonly score: number;
}

/**
 * The lowest members of a sorted set of all shards, up to a score. Jobs are mostly spread evenly, so each shard is asked for little more
 * than its share. A shard that has more of the lowest is read again.
 *
 * @param keyOf the name of the set of a shard
 */
export async function lowest(
  { client, quarantine, brokenShards }: SetSearch,
  keyOf: (shard: string) => string,
  until: number | '+inf',
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
  const share = Math.min(limit, 2 * Math.ceil(limit / SHARDS.length) + SPARE);
  const parts = await Promise.all(SHARDS.map((shard) => read(shard, share)));
  const merged = merge(parts, limit);
  const last = merged[limit - 1]?.score ?? Infinity;
  const hasMore = (found: ScoredId[]) =>
    found.length === share && share < limit && (found.at(-1)?.score ?? 0) < last;
  if (!parts.some(hasMore)) return merged.map(({ id }) => id);
  const wholes = await Promise.all(
    parts.map(async (found, index) => (hasMore(found) ? read(SHARDS[index] ?? '', limit) : found)),
  );
  return merge(wholes, limit).map(({ id }) => id);
}

/**
 * The lowest score of a sorted set of all shards. A key of another type is skipped.
 *
 * @param keyOf the name of the set of a shard
 * @returns null when all are empty
 */
export async function lowestScore(
  { client, quarantine }: SetAccess,
  keyOf: (shard: string) => string,
): Promise<number | null> {
  const heads = await Promise.all(
    SHARDS.map(keyOf).map((key) =>
      quarantine.tolerate({ [key]: 'zset' }, [], () => client.zrange(key, 0, 0, 'WITHSCORES')),
    ),
  );
  const scores = heads.flatMap(([, score]) => (score === undefined ? [] : [Number(score)]));
  return scores.length === 0 ? null : Math.min(...scores);
}

function merge(parts: readonly ScoredId[][], limit: number): ScoredId[] {
  return parts
    .flat()
    .toSorted((a, b) => a.score - b.score)
    .slice(0, limit);
}

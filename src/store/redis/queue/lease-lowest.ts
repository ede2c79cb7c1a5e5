import { shardOf } from '../keys.ts';
import { lowest, type SetAccess } from './lowest.ts';

/** A search whose members other workers leased meanwhile is repeated at most this many times. */
const MAX_SEARCHES = 10;

/**
 * Leases due members of a sorted set that each shard has. Searches for them first, and again when other workers were faster, so that
 * workers that wake at the same time share the due members.
 *
 * @param keyOf the name of the set of a shard
 * @param lease runs a script that leases those members of a shard that are still due, and returns a list for each, which begins with the
 *   member. Null: a key of the shard has another type
 * @returns the lists, those of the lowest scores first
 */
export async function leaseLowest(
  access: SetAccess,
  keyOf: (shard: string) => string,
  { now, limit }: { readonly now: number; readonly limit: number },
  lease: (shard: string, members: readonly string[]) => Promise<unknown>,
): Promise<string[][]> {
  const search = { ...access, brokenShards: new Set<string>() };
  const leased: string[][] = [];
  for (let searches = 0; searches < MAX_SEARCHES && leased.length < limit; searches += 1) {
    const members = await lowest(search, keyOf, now, limit - leased.length);
    if (members.length === 0) break;
    const perShard = await Promise.all(
      [...Map.groupBy(members, shardOf)].map(async ([shard, ofShard]) => {
        const answer = await lease(shard, ofShard);
        if (answer === null) search.brokenShards.add(shard);
        return Array.isArray(answer) ? answer.map((list: unknown[]) => list.map(String)) : [];
      }),
    );
    const order = new Map(members.map((member, index) => [member, index]));
    const rankOf = ([member = '']: readonly string[]) => order.get(member) ?? 0;
    const found = perShard.flat().toSorted((a, b) => rankOf(a) - rankOf(b));
    leased.push(...found);
    if (found.length === members.length) break;
  }
  return leased;
}

import type { Claim, ClaimQuery } from '../job-store.ts';
import type { DueSearch } from './candidates.ts';
import { findDue } from './find-due.ts';
import { decodeDueJob, fromFlatList } from './job-hash.ts';
import type { JobAccess } from './job-reader.ts';
import { keys, shardOf } from './keys.ts';
import { runScript } from './scripts.ts';

/** Each look that others spoil is one in which they got something done; still, a claim has to end. */
const MAX_LOOKS = 10;

/**
 * Leases jobs that are due: a look for them, then the claim. Where other pollers were faster with some, or some turned
 * out to be unreadable, it looks again, so that pollers who wake together share what there is.
 */
export async function claimDue(access: JobAccess, query: ClaimQuery, lease: string): Promise<Claim[]> {
  const search = { ...access, brokenShards: new Set<string>() };
  const claims: Claim[] = [];
  for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
    const calls = claims.filter(({ job }) => job.deadlineAt > query.now).length;
    const rest = { limit: query.limit - claims.length, callLimit: query.callLimit - calls };
    const ids = await findDue(search, { ...query, ...rest });
    if (ids.length === 0) break;
    const claimed = await claimJobs(search, ids, query, lease);
    claims.push(...claimed);
    if (claimed.length === ids.length) break;
  }
  return claims;
}

/** Leases those of the jobs that are still due. In one round trip, and one more when some are unreadable. */
async function claimJobs(
  search: DueSearch,
  ids: readonly string[],
  query: ClaimQuery,
  lease: string,
): Promise<Claim[]> {
  const byShard = Map.groupBy(ids, shardOf);
  const claimed = await Promise.all(
    [...byShard].map(([shard, shardIds]) => claimOfShard(search, shard, shardIds, query, lease)),
  );
  const order = new Map(ids.map((id, index) => [id, index]));
  return claimed.flat().toSorted((a, b) => (order.get(a.job.id) ?? 0) - (order.get(b.job.id) ?? 0));
}

async function claimOfShard(
  { client, quarantine, brokenShards }: DueSearch,
  shard: string,
  ids: readonly string[],
  { now, leaseUntil }: ClaimQuery,
  lease: string,
): Promise<Claim[]> {
  const [due, deadline] = [keys.due(shard), keys.deadline(shard)];
  const answers = await quarantine.tolerate({ [due]: 'zset', [deadline]: 'zset' }, null, () =>
    runScript(
      client,
      'reelgateClaim',
      [due, deadline, ...ids.map(keys.job)],
      [now, leaseUntil, lease, ...ids],
    ),
  );
  if (answers === null) brokenShards.add(shard);
  if (!Array.isArray(answers)) return [];
  const claims: Claim[] = [];
  const unreadable: Promise<void>[] = [];
  for (const [index, answer] of answers.entries()) {
    const id = ids[index] ?? '';
    try {
      if (!Array.isArray(answer)) throw new Error(`The stored job is a key of type ${String(answer)}.`);
      const hash = fromFlatList(answer);
      const found = decodeDueJob(hash);
      if (found !== null) claims.push({ ...found, lease: hash['@lease'] ?? '' });
    } catch (error) {
      unreadable.push(quarantine.putAside(id, error));
    }
  }
  await Promise.all(unreadable);
  return claims;
}

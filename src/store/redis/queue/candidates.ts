import { MAX_CANDIDATES, URGENT_PHASES } from '../../job-store.ts';
import { roundRobin } from '../../round-robin.ts';
import type { JobAccess } from '../jobs/job-reader.ts';
import { keys, shardOf, SHARDS } from '../keys.ts';
import { runScript } from '../scripts/run-script.ts';
import type { SetSearch } from './lowest.ts';

export interface DueSearch extends JobAccess, SetSearch {}

/** How many due jobs of a shard a script reads. It blocks Redis for some milliseconds meanwhile. */
export const MAX_SCANNED = 2000;
/** How many jobs a shard selects: four times its share, because the jobs of few owners may be distributed unevenly. */
const PER_SHARD = (4 * MAX_CANDIDATES) / SHARDS.length;

/** The phases as hashes store them. */
const URGENT = URGENT_PHASES.map((phase) => JSON.stringify(phase));

interface Candidate {
  readonly id: string;
  readonly runAt: number;
  /** Priority and owner. */
  readonly group: string;
}

/**
 * Ids of due jobs to choose from, at most `MAX_CANDIDATES`, taken round-robin from the longest due of each owner and priority. Of a shard
 * with more than `MAX_SCANNED` due jobs, only the longest due count.
 *
 * @param now epoch milliseconds
 * @param excluded ids of jobs that are not candidates
 */
export async function candidates(
  { client, quarantine, brokenShards }: DueSearch,
  now: number,
  excluded: ReadonlySet<string>,
): Promise<string[]> {
  const excludedByShard = Map.groupBy(excluded, shardOf);
  const perShard = await Promise.all(
    SHARDS.filter((shard) => !brokenShards.has(shard)).map(async (shard) => {
      const [due, deadline] = [keys.due(shard), keys.deadline(shard)];
      // Excluded jobs may be among the longest due, so the script reads that many more.
      const hidden = excludedByShard.get(shard)?.length ?? 0;
      const found = await quarantine.tolerate({ [due]: 'zset', [deadline]: 'zset' }, [], () =>
        runScript(
          client,
          'reelgateCandidates',
          [due, deadline],
          [[now, MAX_SCANNED + hidden, PER_SHARD + hidden], keys.jobsOf(shard), URGENT],
        ),
      );
      return Array.isArray(found) ? found.map(readCandidate).filter(({ id }) => !excluded.has(id)) : [];
    }),
  );
  const longestDueFirst = perShard.flat().toSorted((a, b) => a.runAt - b.runAt);
  return roundRobin(longestDueFirst, ({ group }) => group, MAX_CANDIDATES).map(({ id }) => id);
}

function readCandidate([id = '', runAt = '', group = '']: readonly string[]): Candidate {
  return { id, runAt: Number(runAt), group };
}

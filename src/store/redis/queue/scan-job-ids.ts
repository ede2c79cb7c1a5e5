import { Cluster } from 'ioredis';
import { keys } from '../keys.ts';
import type { RedisClient } from '../scripts/run-script.ts';

/** Some ids of stored jobs. */
export interface JobIdSlice {
  readonly ids: readonly string[];
  /** The cursor of the next slice; null after the last one. */
  readonly next: string | null;
}

/** Matches a digit in the place of the shard, and ids. */
const PATTERN = `${keys.jobsOf('[0-9a-f]')}*`;

/**
 * Goes through the ids of all stored jobs by SCAN, node by node. A job that is there all the time is found at least once.
 *
 * @param cursor null for the first slice
 * @param limit about how many keys are looked at
 */
export async function scanJobIds(
  client: RedisClient,
  cursor: string | null,
  limit: number,
): Promise<JobIdSlice> {
  const nodes = client instanceof Cluster ? client.nodes('master') : [client];
  const [index = 0, position = 0] = (cursor ?? '0 0').split(' ').map(Number);
  const node = nodes[index];
  if (node === undefined) return { ids: [], next: null };
  const [next, found] = await node.scan(position, 'MATCH', PATTERN, 'COUNT', limit);
  const ids = found.map((key) => key.slice(key.lastIndexOf(':') + 1));
  if (next !== '0') return { ids, next: `${index} ${next}` };
  return { ids, next: index + 1 < nodes.length ? `${index + 1} 0` : null };
}

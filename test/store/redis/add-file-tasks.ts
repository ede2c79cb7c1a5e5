import { keys, shardOf } from '../../../src/store/redis/keys.ts';
import type { RedisClient } from '../../../src/store/redis/scripts/run-script.ts';

/** Adds file tasks without jobs, due at a time in epoch milliseconds. */
export async function addFileTasks(
  client: RedisClient,
  jobIds: readonly string[],
  runAt: number,
): Promise<void> {
  await Promise.all(jobIds.map((id) => client.zadd(keys.fileTasks(shardOf(id)), runAt, id)));
}

import type { RedisClient } from './connections.ts';
import { keys, SHARDS } from './keys.ts';

/**
 * Whether there is room for another unfinished job. The creates of one instance are counted exactly; those that other
 * instances have under way at the same moment are not seen, and may together go past the limit by their number.
 */
export class Room {
  #begun = 0;
  #done = 0;

  /** Runs a create, which is told whether all room is taken. */
  async use<T>(
    client: RedisClient,
    maxUnfinished: number,
    create: (full: boolean) => Promise<T>,
  ): Promise<T> {
    const doneBefore = this.#done;
    const counts = await Promise.all(SHARDS.map((shard) => client.zcard(keys.due(shard))));
    const unfinished = counts.reduce((sum, count) => sum + count, 0);
    const perhapsUncounted = this.#begun - doneBefore;
    if (unfinished + perhapsUncounted >= maxUnfinished) return create(true);
    this.#begun += 1;
    try {
      return await create(false);
    } finally {
      this.#done += 1;
    }
  }
}

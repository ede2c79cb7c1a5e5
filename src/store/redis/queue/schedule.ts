import type { JobAccess } from '../jobs/job-reader.ts';
import { keys, SHARDS } from '../keys.ts';
import { runScript } from '../scripts/run-script.ts';

/** A job that is due later than this, in milliseconds, was scheduled by a wrong clock: the longest lease takes less than 11 minutes. */
const FAR_AHEAD_MS = 20 * 60 * 1000;
/** Jobs that one script moves at most. */
const BATCH = 1000;

/** As in `JobQueue`. */
export async function nextDueAt(access: JobAccess): Promise<number | null> {
  const scores = (await Promise.all(SHARDS.map((shard) => lowestScores(access, shard)))).flat();
  return scores.length === 0 ? null : Math.min(...scores);
}

/**
 * The lowest score of a shard's due set and that of its deadline set. A job is in both sets, and its deadline is never before its due
 * time; a job that has lost its place in the due set is due at its deadline. When either key has another type, nothing in the shard can be
 * leased, so there are no scores.
 */
async function lowestScores({ client, quarantine }: JobAccess, shard: string): Promise<number[]> {
  const heads = await Promise.all(
    [keys.due(shard), keys.deadline(shard)].map((key) =>
      quarantine.tolerate({ [key]: 'zset' }, null, () => client.zrange(key, 0, 0, 'WITHSCORES')),
    ),
  );
  if (heads.includes(null)) return [];
  return heads.flatMap((head) => (head?.[1] === undefined ? [] : [Number(head[1])]));
}

/**
 * Makes jobs due now that are due far ahead, leases included: the clock that planned them was set back since. At worst a job is polled
 * once too often.
 *
 * @param now epoch milliseconds of the server's clock
 */
export async function rescheduleFar({ client, quarantine }: JobAccess, now: number): Promise<void> {
  await Promise.all(
    SHARDS.map(async (shard) => {
      const [due, deadline] = [keys.due(shard), keys.deadline(shard)];
      const values = [now, now + FAR_AHEAD_MS, BATCH, keys.jobsOf(shard)];
      const moveSome = () =>
        quarantine.tolerate({ [due]: 'zset', [deadline]: 'zset' }, 0, () =>
          runScript(client, 'reelgateRescheduleFar', [due, deadline], values),
        );
      while ((await moveSome()) === BATCH);
    }),
  );
}

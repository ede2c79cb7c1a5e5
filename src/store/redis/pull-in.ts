import type { JobAccess } from './job-reader.ts';
import { keys, SHARDS } from './keys.ts';
import { runScript } from './scripts.ts';

/** The longest lease is under 11 minutes. What is due later than this, in milliseconds, was planned by a clock that was wrong. */
const FAR_AHEAD_MS = 20 * 60 * 1000;
/** How many jobs are moved at a time. */
const BATCH = 1000;

/**
 * Makes jobs due at once that are due far ahead, leases included: the clock that their schedule was made by was set back
 * since. At worst a job is polled once too often.
 *
 * @param now epoch milliseconds of the server's clock
 */
export async function pullIn({ client, quarantine }: JobAccess, now: number): Promise<void> {
  await Promise.all(
    SHARDS.map(async (shard) => {
      const [due, deadline] = [keys.due(shard), keys.deadline(shard)];
      const values = [now, now + FAR_AHEAD_MS, BATCH, keys.jobsOf(shard)];
      const moveSome = () =>
        quarantine.tolerate({ [due]: 'zset', [deadline]: 'zset' }, 0, () =>
          runScript(client, 'reelgatePullIn', [due, deadline], values),
        );
      while ((await moveSome()) === BATCH);
    }),
  );
}

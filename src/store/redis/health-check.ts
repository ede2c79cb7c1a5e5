import { type StoreHealth, StoreUnavailableError } from '../job-store.ts';
import { channels, keys, SHARDS } from './keys.ts';
import type { Quarantine } from './quarantine.ts';
import { type RedisClient, runScript } from './scripts/run-script.ts';

export interface HealthCheckOptions {
  readonly client: RedisClient;
  readonly quarantine: Quarantine;
  readonly publish: 'PUBLISH' | 'SPUBLISH';
  /** Whether events are received. */
  readonly isListening: () => boolean;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Lifetime of the keys that the check writes, in milliseconds. */
const MARK_MS = 60_000;

/**
 * Checks that jobs can be read, written and watched: the subscriber connection is up, and a script can run, write and publish on the node
 * of each shard. The check fails on a replica, on a full Redis, with insufficient permissions, and when the keys of the limits, which each
 * new job needs, have another type.
 */
export class HealthCheck {
  readonly #options: HealthCheckOptions;
  #running: Promise<StoreHealth> | null = null;

  constructor(options: HealthCheckOptions) {
    this.#options = options;
  }

  /** Concurrent calls share one check. */
  run(): Promise<StoreHealth> {
    this.#running ??= this.#check().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #check(): Promise<StoreHealth> {
    const { client, quarantine, publish, isListening, now } = this.#options;
    if (!isListening()) throw new StoreUnavailableError('The subscriber connection to Redis is down.');
    const answers = await Promise.all(
      SHARDS.map((shard) =>
        runScript(
          client,
          'reelgateHealth',
          [
            keys.health(shard),
            keys.quarantine(shard),
            keys.due(shard),
            keys.deadline(shard),
            keys.fileTasks(shard),
            keys.dueDeliveries(shard),
            `${keys.health(shard)}:hash`,
            `${keys.health(shard)}:set`,
          ],
          [now(), MARK_MS, publish, channels.heartbeat(shard)],
        ),
      ),
    );
    const places = { [keys.unfinished(null)]: 'zset', [keys.day(null)]: 'zset' } as const;
    // Each new job reserves a place in these sets.
    await quarantine.reportWrongTypes(places, () =>
      Promise.all(
        Object.keys(places).map((name) => client.zrangebyscore(name, '-inf', '+inf', 'LIMIT', 0, 1)),
      ),
    );
    const perShard = answers.map((answer) => (Array.isArray(answer) ? answer : []));
    const jobs = perShard.reduce((sum, [count]) => sum + Number(count), 0);
    const wrongKeys = perShard.flatMap(([, ...names]) => names.map(String));
    return { quarantined: jobs + (await quarantine.countWrongKeys(wrongKeys)) };
  }
}

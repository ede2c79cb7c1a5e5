import { type StoreHealth, StoreUnavailableError } from '../job-store.ts';
import { channels, keys, SHARDS } from './keys.ts';
import type { Quarantine } from './quarantine.ts';
import { type RedisClient, runScript } from './scripts/run-script.ts';

/** What the check works with. */
export interface HealthCheckOptions {
  readonly client: RedisClient;
  readonly quarantine: Quarantine;
  readonly publish: 'PUBLISH' | 'SPUBLISH';
  /** Whether announcements are heard. */
  readonly isListening: () => boolean;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Milliseconds for which what the check writes is kept. */
const MARK_MS = 60_000;

/**
 * Finds out whether jobs can be read, written and watched: the connection for subscriptions is up, and on the node of
 * each shard a script may run, write and publish. So it fails on a replica, on a Redis that is full and on one whose
 * permissions are too narrow; and where the keys of the limits, which each new job needs, are of another type.
 */
export class HealthCheck {
  readonly #options: HealthCheckOptions;
  #running: Promise<StoreHealth> | null = null;

  constructor(options: HealthCheckOptions) {
    this.#options = options;
  }

  /** Calls at once share one check. */
  run(): Promise<StoreHealth> {
    this.#running ??= this.#check().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #check(): Promise<StoreHealth> {
    const { client, quarantine, publish, isListening, now } = this.#options;
    if (!isListening()) throw new StoreUnavailableError('The connection for subscriptions to Redis is down.');
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
            `${keys.health(shard)}:hash`,
            `${keys.health(shard)}:set`,
          ],
          [now(), MARK_MS, publish, channels.heartbeat(shard)],
        ),
      ),
    );
    const places = { [keys.unfinished(null)]: 'zset', [keys.day(null)]: 'zset' } as const;
    // Each new job takes a place there.
    await quarantine.orReport(places, () =>
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

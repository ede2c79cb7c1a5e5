import { setTimeout as delay } from 'node:timers/promises';
import { spawnGateway, type SpawnedGateway } from '../../test/support/gateway/spawned-gateway.ts';
import type { RedisServer } from '../../test/support/redis/redis-server.ts';

const KILL_EVERY_MS = 10_000;
/** Each so many kills Redis is killed as well. */
const REDIS_EVERY = 4;

/** Two pollers that are killed in turns, and a Redis that is killed now and then, until it is disposed. */
export class Fleet implements AsyncDisposable {
  kills = 0;
  restarts = 0;
  readonly #settings: Readonly<Record<string, string>>;
  readonly #redis: RedisServer;
  readonly #stopping = new AbortController();
  readonly #pollers: SpawnedGateway[];
  readonly #chaos: Promise<void>;

  private constructor(
    settings: Readonly<Record<string, string>>,
    redis: RedisServer,
    pollers: SpawnedGateway[],
  ) {
    this.#settings = settings;
    this.#redis = redis;
    this.#pollers = pollers;
    this.#chaos = this.#run();
  }

  static async start(settings: Readonly<Record<string, string>>, redis: RedisServer): Promise<Fleet> {
    const pollers = [await startPoller(settings), await startPoller(settings)];
    return new Fleet(settings, redis, pollers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#chaos;
    await Promise.all(this.#pollers.map((poller) => poller[Symbol.asyncDispose]()));
  }

  async #run(): Promise<void> {
    for (;;) {
      await delay(KILL_EVERY_MS, undefined, { signal: this.#stopping.signal }).catch(() => {});
      if (this.#stopping.signal.aborted) return;
      this.kills += 1;
      const poller = this.#pollers.shift();
      poller?.kill('SIGKILL');
      await poller?.exited;
      if (this.kills % REDIS_EVERY === 0) {
        this.restarts += 1;
        await this.#redis.kill();
        await this.#redis.restart();
      }
      this.#pollers.push(await startPoller(this.#settings));
    }
  }
}

function startPoller(settings: Readonly<Record<string, string>>): Promise<SpawnedGateway> {
  return spawnGateway({ ...settings, ROLE: 'poller' });
}

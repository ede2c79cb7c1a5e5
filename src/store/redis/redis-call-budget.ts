import { randomUUID } from 'node:crypto';
import { bucketFor, type CallBudget, type CallGrant, MAX_RETRY_AFTER_MS, RECOVERY } from '../call-budget.ts';
import { StoreUnavailableError } from '../job-store.ts';
import type { RedisClient } from './connections.ts';
import { keys } from './keys.ts';
import { runScript } from './scripts.ts';

/** A token bucket in Redis, as large as the one in the process. */
export class RedisCallBudget implements CallBudget {
  readonly #client: RedisClient;
  readonly #limited: boolean;
  readonly #bucket: readonly (string | number)[];

  /** @param rpm calls a minute; 0 for no limit but what a 429 asks for */
  constructor(client: RedisClient, rpm: number) {
    this.#client = client;
    this.#limited = rpm > 0;
    const { burst, refillPerMs } = bucketFor(this.#limited ? rpm : RECOVERY.unlimitedRpm);
    this.#bucket = [this.#limited ? '1' : '0', burst, refillPerMs, RECOVERY.climbMs, MAX_RETRY_AFTER_MS];
  }

  reserve(wanted: number): Promise<CallGrant> {
    return this.#run('take', wanted);
  }

  async giveBack(count: number): Promise<void> {
    // Where nothing runs out nothing need come back.
    if (this.#limited) await this.#run('give-back', count);
  }

  async refused(_now: number, random: number, retryAfterMs: number | null): Promise<void> {
    const { episodeMs, minShare } = RECOVERY;
    await this.#run('refused', retryAfterMs ?? 0, random, episodeMs, minShare);
  }

  async #run(operation: string, ...values: number[]): Promise<CallGrant> {
    try {
      const answer = await runScript(
        this.#client,
        'reelgateTakeCalls',
        [keys.budget, keys.givenBack(randomUUID())],
        [operation, this.#bucket, values],
      );
      const [granted = 0, waitMs = 0] = Array.isArray(answer) ? answer.map(Number) : [];
      return { granted, waitMs };
    } catch (error) {
      throw new StoreUnavailableError('Redis failed.', { cause: error });
    }
  }
}

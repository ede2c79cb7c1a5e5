import { randomUUID } from 'node:crypto';
import {
  bucketFor,
  type CallBudget,
  type CallGrant,
  MAX_RETRY_AFTER_MS,
  type TokenBucket,
} from '../call-budget.ts';
import { StoreUnavailableError } from '../job-store.ts';
import type { RedisClient } from './connections.ts';
import { keys } from './keys.ts';
import { runScript } from './scripts.ts';

/** More than could ever be asked for. */
const UNLIMITED: TokenBucket = { burst: 1_000_000, refillPerMs: 1_000_000 };

/** A token bucket in Redis, as large as the one in the process. */
export class RedisCallBudget implements CallBudget {
  readonly #client: RedisClient;
  readonly #bucket: TokenBucket;

  /** @param rpm calls a minute; 0 for no limit but what a 429 asks for */
  constructor(client: RedisClient, rpm: number) {
    this.#client = client;
    this.#bucket = rpm === 0 ? UNLIMITED : bucketFor(rpm);
  }

  reserve(wanted: number): Promise<CallGrant> {
    return this.#run('take', wanted);
  }

  async giveBack(count: number): Promise<void> {
    // Where nothing runs out nothing need come back.
    if (this.#bucket === UNLIMITED) return;
    await this.#run('give-back', count);
  }

  async refused(_now: number, random: number, retryAfterMs: number | null): Promise<void> {
    await this.#run('refused', retryAfterMs ?? -1, random, MAX_RETRY_AFTER_MS);
  }

  /** A minute without a refusal is what counts here; a write for each call served would cost a round trip. */
  served(): void {}

  async #run(...values: (string | number)[]): Promise<CallGrant> {
    const [operation = '', ...rest] = values;
    try {
      const bucket = [this.#bucket.burst, this.#bucket.refillPerMs];
      const answer = await runScript(
        this.#client,
        'reelgateTakeCalls',
        [keys.budget, keys.givenBack(randomUUID())],
        [operation, bucket, rest],
      );
      const [granted = 0, waitMs = 0] = Array.isArray(answer) ? answer.map(Number) : [];
      return { granted, waitMs };
    } catch (error) {
      throw new StoreUnavailableError('Redis failed.', { cause: error });
    }
  }
}

import { randomBytes } from 'node:crypto';
import { StoreUnavailableError } from '../job-store.ts';
import { sealKey } from './announcement.ts';
import { keys } from './keys.ts';
import type { RedisClient } from './scripts.ts';

/** What the secret works with. */
export interface AnnouncementSecretOptions {
  /** Reads it, or makes it: all instances get the same. */
  readonly read: () => Promise<Uint8Array>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Milliseconds between two readings. */
const PAUSE_MS = 10_000;

/** The secret that announcements are sealed with. */
export class AnnouncementSecret {
  readonly #options: AnnouncementSecretOptions;
  #key = sealKey(new Uint8Array());
  #readAt = -Infinity;

  constructor(options: AnnouncementSecretOptions) {
    this.#options = options;
  }

  get key(): string {
    return this.#key;
  }

  /** Rejects when it can't be read. */
  async load(): Promise<void> {
    const { read, now } = this.#options;
    this.#readAt = now();
    this.#key = sealKey(await read());
  }

  /** Reads it again, now and then: a Redis that was emptied has got another one. */
  doubt(): void {
    // The one that is known is kept as long as none can be read.
    if (this.#options.now() - this.#readAt > PAUSE_MS) this.load().catch(() => {});
  }
}

/**
 * A secret of 32 bytes that all instances share, made by the first. Whoever reads it reads the jobs anyway.
 *
 * @throws StoreUnavailableError when Redis can't be reached
 */
export async function redisSecret(client: RedisClient, name: keyof typeof keys.secrets): Promise<Uint8Array> {
  const key = keys.secrets[name];
  try {
    await client.set(key, randomBytes(32).toString('base64'), 'NX');
    const value = await client.get(key);
    if (value !== null) return Buffer.from(value, 'base64');
  } catch (error) {
    throw new StoreUnavailableError('Redis failed.', { cause: error });
  }
  throw new StoreUnavailableError('Redis lost the secret that was just written.');
}

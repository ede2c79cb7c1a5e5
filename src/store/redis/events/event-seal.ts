import { createHmac, hash, randomBytes } from 'node:crypto';
import { type Job, readStoredJob } from '../../../domain/job/job.ts';
import { channels, keys, shardOf } from '../keys.ts';
import { StoreUnavailableError } from '../../job-store.ts';
import type { RedisClient } from '../scripts/run-script.ts';

/** What stands between an announced job and its seal, and after it. */
const SEAL_START = ',"@seal":"';
const SEAL_END = '"}';
/** Characters of the hash: 128 of its bits, in hex. */
const HASH_LENGTH = 32;
const SEAL_LENGTH = SEAL_START.length + HASH_LENGTH + SEAL_END.length;

/** @returns the key that announcements are sealed with, as long as a block of the hash; from a secret that all instances share */
export function sealKey(secret: Uint8Array): string {
  return createHmac('sha256', secret).update('announcements').digest('hex');
}

/**
 * What proves that an announcement was made by an instance of this store: a keyed hash of the job. The script puts it in the place
 * of the brace that ends the job, as one more property, so that instances that know of no seals read the job as well.
 *
 * @param job as JSON, see encodeJob
 */
export function sealOf(job: string, key: string): string {
  return makeSeal(job.slice(0, -1), key);
}

/**
 * Reads a message.
 *
 * @returns null when it is no announcement by this store that belongs on its channel
 */
export function readEvent(text: string, channel: string, key: string): Job | null {
  const end = text.length - SEAL_LENGTH;
  if (end <= 0) return null;
  const body = text.slice(0, end);
  // How long the comparison takes is seen by nobody who could learn from it: messages are not answered.
  if (text.slice(end) !== makeSeal(body, key)) return null;
  const job = parseJob(`${body}}`);
  return job !== null && belongsOn(channel, job) ? job : null;
}

/** Whether a channel carries the announcements of this job, of its owner, or of new jobs of its shard. */
function belongsOn(channel: string, { id, ownerId }: Job): boolean {
  if (channel === channels.job(id)) return true;
  const shard = shardOf(id);
  return channel === channels.owner(shard, ownerId) || channel === channels.work(shard);
}

/**
 * SHA-256 over key and job, of which half is shown: with the other half unknown nobody can go on hashing from there, which is what
 * HMAC's second hash is for. Each message to each instance is checked, and two hashes would take twice as long.
 */
function makeSeal(body: string, key: string): string {
  return SEAL_START + hash('sha256', key + body, 'hex').slice(0, HASH_LENGTH) + SEAL_END;
}

function parseJob(text: string): Job | null {
  try {
    return readStoredJob(JSON.parse(text));
  } catch {
    return null;
  }
}

/** What the secret works with. */
export interface SealSecretOptions {
  /** Reads it, or makes it: all instances get the same. */
  readonly read: () => Promise<Uint8Array>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Milliseconds between two readings. */
const PAUSE_MS = 10_000;

/** The secret that announcements are sealed with. */
export class SealSecret {
  readonly #options: SealSecretOptions;
  #key = sealKey(new Uint8Array());
  #readAt = -Infinity;

  constructor(options: SealSecretOptions) {
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

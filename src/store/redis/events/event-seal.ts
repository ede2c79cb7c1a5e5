import { createHmac, hash, randomBytes } from 'node:crypto';
import { type Job, readStoredJob } from '../../../domain/job/job.ts';
import { StoreUnavailableError } from '../../job-store.ts';
import { channels, keys, shardOf } from '../keys.ts';
import { attempt, type RedisClient } from '../scripts/run-script.ts';

/** The text between a published job and its seal, and the text after the seal. */
const SEAL_START = ',"@seal":"';
const SEAL_END = '"}';
/** Characters of the hash: 128 bits in hex. */
const HASH_LENGTH = 32;
const SEAL_LENGTH = SEAL_START.length + HASH_LENGTH + SEAL_END.length;

/** Derives the key of the seals from a secret that all instances share. The key is as long as a block of the hash. */
export function sealKey(secret: Uint8Array): string {
  return createHmac('sha256', secret).update('announcements').digest('hex');
}

/**
 * Seals an event: a keyed hash of the job proves that an instance of this store published it. The script replaces the last brace of the job
 * with the seal, so the seal is one more property, and instances that do not know seals can read the job as well.
 *
 * @param job as JSON, see `encodeJob`
 */
export function sealOf(job: string, key: string): string {
  return makeSeal(job.slice(0, -1), key);
}

/** The event of a removed job. */
export interface Removal {
  readonly removedId: string;
  readonly ownerId: string;
}

/** Encodes and seals the event of a removed job. */
export function sealedRemoval(removal: Removal, key: string): string {
  const body = JSON.stringify(removal).slice(0, -1);
  return body + makeSeal(body, key);
}

/**
 * Reads an event from a message: a saved version, or a removal.
 *
 * @returns null when this store did not publish the message or published it on another channel
 */
export function readEvent(text: string, channel: string, key: string): Job | Removal | null {
  const end = text.length - SEAL_LENGTH;
  if (end <= 0) return null;
  const body = text.slice(0, end);
  // The comparison need not take constant time: messages get no answer, so a sender cannot measure it.
  if (text.slice(end) !== makeSeal(body, key)) return null;
  const event = parseEvent(`${body}}`);
  return event !== null && isChannelOf(channel, event) ? event : null;
}

/** Whether a channel is that of this job, of its owner, or of new jobs of its shard; or that of the owner's removals. */
function isChannelOf(channel: string, event: Job | Removal): boolean {
  if ('removedId' in event) return channel === channels.removals(shardOf(event.removedId), event.ownerId);
  const { id, ownerId } = event;
  if (channel === channels.job(id)) return true;
  const shard = shardOf(id);
  return channel === channels.owner(shard, ownerId) || channel === channels.work(shard);
}

/**
 * Half of the SHA-256 over key and job. The hidden half prevents a length extension, which HMAC prevents by a second hash. Each instance
 * checks each message, and two hashes would take twice as long.
 */
function makeSeal(body: string, key: string): string {
  return SEAL_START + hash('sha256', key + body, 'hex').slice(0, HASH_LENGTH) + SEAL_END;
}

function parseEvent(text: string): Job | Removal | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRemoval(value) ? value : readStoredJob(value);
  } catch {
    return null;
  }
}

function isRemoval(value: unknown): value is Removal {
  if (typeof value !== 'object' || value === null) return false;
  if (!('removedId' in value) || !('ownerId' in value)) return false;
  return typeof value.removedId === 'string' && typeof value.ownerId === 'string';
}

/** Minimum time between two reads, in milliseconds. */
const PAUSE_MS = 10_000;

/** The key of the seals. It derives from a secret of 32 bytes in Redis, which the first instance creates. */
export class SealSecret {
  readonly #client: RedisClient;
  readonly #now: () => number;
  #key = sealKey(new Uint8Array());
  #readAt = -Infinity;

  /**
   * @param client owned by the caller
   * @param now epoch milliseconds
   */
  constructor(client: RedisClient, now: () => number) {
    this.#client = client;
    this.#now = now;
  }

  get key(): string {
    return this.#key;
  }

  /** @throws StoreUnavailableError when Redis cannot be reached */
  async load(): Promise<void> {
    this.#readAt = this.#now();
    const secret = await attempt(async () => {
      await this.#client.set(keys.sealSecret, randomBytes(32).toString('base64'), 'NX');
      return this.#client.get(keys.sealSecret);
    });
    if (secret === null) throw new StoreUnavailableError('Redis lost the secret that was just written.');
    this.#key = sealKey(Buffer.from(secret, 'base64'));
  }

  /** Reads the secret again, at most every ten seconds: a Redis that was emptied has a new one. */
  refresh(): void {
    // The old secret stays in use as long as no other can be read.
    if (this.#now() - this.#readAt > PAUSE_MS) this.load().catch(() => {});
  }
}

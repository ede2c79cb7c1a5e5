import { createHash } from 'node:crypto';
import { v7 } from 'uuid';

const PREFIX = 'vj_';
const PATTERN = /^vj_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/**
 * Creates a job id: `vj_` and a UUIDv7, so that ids sort by the time of acceptance. The last digit is the shard for stores that have
 * shards.
 *
 * @param now epoch milliseconds
 * @param random 16 random bytes
 * @param shard a hexadecimal digit; random when absent
 */
export function newJobId(now: number, random: Uint8Array, shard?: string): string {
  const id = PREFIX + v7({ msecs: now, random });
  return shard === undefined ? id : id.slice(0, -1) + shard;
}

/** The shard of a job with an idempotency key. It depends on the key only, so that one script can write key and job. */
export function idempotencyShard(ownerId: string, idempotencyKey: string): string {
  const text = JSON.stringify([ownerId, idempotencyKey]);
  return createHash('sha256').update(text).digest('hex').slice(-1);
}

/** Whether a text has the form of a job id. */
export function isJobId(text: string): boolean {
  return PATTERN.test(text);
}

/** The largest time of a UUIDv7. */
const MAX_TIME = 2 ** 48 - 1;

/**
 * A text that sorts before the ids of all jobs accepted at or after a time, and after all earlier ids. It is not an id.
 *
 * @param time epoch milliseconds
 */
export function idBound(time: number): string {
  const hex = Math.min(MAX_TIME, Math.max(0, Math.floor(time)))
    .toString(16)
    .padStart(12, '0');
  return `${PREFIX}${hex.slice(0, 8)}-${hex.slice(8)}`;
}

import { createHmac, hash } from 'node:crypto';
import { type Job, readStoredJob } from '../../domain/job.ts';
import { channels, shardOf } from './keys.ts';

/** What stands between an announced job and its seal, and after it. */
const SEAL_START = ',"@seal":"';
const SEAL_END = '"}';
/** Characters of all of it: a hash of 32 bytes has 43 in base64. */
const SEAL_LENGTH = SEAL_START.length + 43 + SEAL_END.length;

/** What announcements are sealed with: two keys, each as long as a block of the hash. */
export interface SealKeys {
  readonly inner: string;
  readonly outer: string;
}

/** @param secret that all instances share */
export function sealKeys(secret: Uint8Array): SealKeys {
  const key = (name: string) => createHmac('sha256', secret).update(name).digest('hex');
  return { inner: key('inner'), outer: key('outer') };
}

/**
 * What proves that an announcement was made by an instance of this store: a keyed hash of the job. The script puts it in the place
 * of the brace that ends the job, as one more property, so that instances that know of no seals read the job as well.
 *
 * @param job as JSON, see encodeJob
 */
export function sealOf(job: string, keys: SealKeys): string {
  return makeSeal(job.slice(0, -1), keys);
}

/**
 * Reads a message.
 *
 * @returns null when it is no announcement by this store that belongs on its channel
 */
export function readAnnouncement(text: string, channel: string, keys: SealKeys): Job | null {
  const end = text.length - SEAL_LENGTH;
  if (end <= 0) return null;
  const body = text.slice(0, end);
  // How long the comparison takes is seen by nobody who could learn from it: messages are not answered.
  if (text.slice(end) !== makeSeal(body, keys)) return null;
  const job = parseJob(`${body}}`);
  return job !== null && belongsOn(channel, job) ? job : null;
}

/** Whether a channel carries the announcements of this job, of its owner, or of new jobs of its shard. */
function belongsOn(channel: string, { id, ownerId }: Job): boolean {
  const shard = shardOf(id);
  return [channels.job(id), channels.owner(shard, ownerId), channels.work(shard)].includes(channel);
}

/**
 * NMAC, of which HMAC is the form for one key: with a block of key before each of the two hashes. Node's HMAC would take twice as
 * long, for each message to each instance.
 */
function makeSeal(body: string, { inner, outer }: SealKeys): string {
  const digest = hash('sha256', outer + hash('sha256', inner + body, 'hex'), 'base64url');
  return SEAL_START + digest + SEAL_END;
}

function parseJob(text: string): Job | null {
  try {
    return readStoredJob(JSON.parse(text));
  } catch {
    return null;
  }
}

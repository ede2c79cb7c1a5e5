import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Job, readStoredJob } from '../../domain/job.ts';
import { channels, shardOf } from './keys.ts';

/** What stands between an announced job and its seal, and after it. */
const SEAL_START = ',"@seal":"';
const SEAL_END = '"}';

/**
 * What proves that an announcement was made by an instance of this store: a hash over the job with a secret of the store. The
 * script puts it in the place of the brace that ends the job, as one more property, so that instances that know of no
 * seals read the job as well.
 *
 * @param job as JSON, see encodeJob
 */
export function sealOf(job: string, secret: Uint8Array): string {
  const body = job.slice(0, -1);
  return `${SEAL_START}${createHmac('sha256', secret).update(body).digest('base64url')}${SEAL_END}`;
}

/**
 * Reads a message.
 *
 * @returns null when it is no announcement by this store that belongs on its channel
 */
export function readAnnouncement(text: string, channel: string, secret: Uint8Array): Job | null {
  const end = text.lastIndexOf(SEAL_START);
  if (end === -1) return null;
  const json = `${text.slice(0, end)}}`;
  if (!isEqual(text.slice(end), sealOf(json, secret))) return null;
  const job = parseJob(json);
  return job !== null && channelsOf(job).includes(channel) ? job : null;
}

/** Whose announcements a channel carries: those of one job, of an owner, or of new jobs. */
function channelsOf({ id, ownerId }: Job): string[] {
  const shard = shardOf(id);
  return [channels.job(id), channels.owner(shard, ownerId), channels.work(shard)];
}

function parseJob(text: string): Job | null {
  try {
    return readStoredJob(JSON.parse(text));
  } catch {
    return null;
  }
}

function isEqual(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

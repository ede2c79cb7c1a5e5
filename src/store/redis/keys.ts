import { createHash } from 'node:crypto';
import { newJobId } from '../../domain/job-id.ts';

/** Instances' clocks may differ by this much, in milliseconds. */
export const CLOCK_SKEW_MS = 30_000;

/** How many shards there are; a job's is the last digit of its id. */
export const SHARDS: readonly string[] = Array.from('0123456789abcdef');

/** Names of keys and channels. What one script touches shares a hash tag, so that a Redis Cluster serves as it is. */
export const keys = {
  job: (id: string) => `${tag(shardOf(id))}:job:${id}`,
  video: (id: string) => `${tag(shardOf(id))}:video:${id}`,
  due: (shard: string) => `${tag(shard)}:due`,
  deadline: (shard: string) => `${tag(shard)}:deadline`,
  urgent: (shard: string) => `${tag(shard)}:urgent`,
  owner: (shard: string, ownerId: string) => `${tag(shard)}:owner:${ownerId}`,
  idempotency: (shard: string, ownerId: string, key: string) =>
    `${tag(shard)}:idempotency:${ownerId}:${digest(key)}`,
  budget: 'rg:{budget}:calls',
  durations: 'rg:{durations}:groups',
  secret: 'rg:{secret}:job-tokens',
  givenBack: (nonce: string) => `rg:{budget}:given-back:${nonce}`,
  /** Unfinished jobs of an owner; of all when null. */
  unfinished: (ownerId: string | null) => `${limitsTag(ownerId)}:unfinished`,
  /** Jobs accepted within a day, likewise. */
  day: (ownerId: string | null) => `${limitsTag(ownerId)}:day`,
  /** What the keys of an owner's call rates begin with. */
  rate: { generate: 'rg:rate', upload: 'rg:upload-rate' },
};

/** Names of channels: one for each job, and for each owner and for new work one a shard. */
export const channels = {
  job: (id: string) => `${tag(shardOf(id))}:on:job:${id}`,
  owner: (shard: string, ownerId: string) => `${tag(shard)}:on:owner:${ownerId}`,
  work: (shard: string) => `${tag(shard)}:on:work`,
  beat: (shard: string) => `${tag(shard)}:on:beat`,
};

/** The shard that a job lives in. */
export function shardOf(jobId: string): string {
  return jobId.at(-1) ?? '0';
}

/** An id that sorts before those of all jobs accepted at or after this time, in epoch milliseconds. */
export function oldestId(time: number): string {
  return newJobId(Math.max(0, time), new Uint8Array(16));
}

function tag(shard: string): string {
  return `rg:{${shard}}`;
}

function limitsTag(ownerId: string | null): string {
  return ownerId === null ? 'rg:{jobs}' : `rg:{owner:${digest(ownerId)}}`;
}

/** Keys come from clients: of any length and with any character. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

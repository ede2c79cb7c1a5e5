import { createHash } from 'node:crypto';
import { newJobId } from '../../domain/job/job-id.ts';

/** Instances' clocks may differ by this much, in milliseconds. */
export const CLOCK_SKEW_MS = 30_000;

/** How many shards there are; a job's is the last digit of its id. */
export const SHARDS: readonly string[] = Array.from('0123456789abcdef');

/** Names of keys and channels. What one script touches shares a hash tag, so that a Redis Cluster serves as it is. */
export const keys = {
  job: (id: string) => `${keys.jobsOf(shardOf(id))}${id}`,
  video: (id: string) => `${tag(shardOf(id))}:video:${id}`,
  /** What the keys of a shard's jobs begin with; the id follows. */
  jobsOf: (shard: string) => `${tag(shard)}:job:`,
  /** Unfinished jobs by when they are to be looked at. */
  due: (shard: string) => `${tag(shard)}:due`,
  /** Unfinished jobs by when they are ended by force. */
  deadline: (shard: string) => `${tag(shard)}:deadline`,
  /**
   * Ids of jobs whose record can't be read, by when the record expires. Nothing else is done to them. To have one go on,
   * mend its hash (each field is JSON) and then, with its id and its shard, which is the last digit of the id:
   *
   *     PERSIST rg:{shard}:job:<id>
   *     ZADD rg:{shard}:deadline <its deadlineAt> <id>
   *     ZADD rg:{shard}:due 0 <id>
   *     ZREM rg:{shard}:quarantine <id>
   *
   * A finished job needs only the last line.
   */
  quarantine: (shard: string) => `${tag(shard)}:quarantine`,
  /** Written to find out whether the shard's node takes writes. */
  health: (shard: string) => `${tag(shard)}:health`,
  owner: (shard: string, ownerId: string) => `${tag(shard)}:owner:${ownerId}`,
  idempotency: (shard: string, ownerId: string, key: string) =>
    `${tag(shard)}:idempotency:${ownerId}:${digest(key)}`,
  /** The state of the call budget, as JSON. */
  budget: 'rg:{budget}:state',
  /** What was learned of durations, as JSON. */
  durations: 'rg:{durations}:sums',
  /** The same as earlier versions kept it: a hash with `weight sum squares` for each group. Read once, never written. */
  earlierDurations: 'rg:{durations}:groups',
  /** 32 bytes each, made by the first instance. */
  secrets: { announcements: 'rg:{secret}:announcements' },
  /** The secrets of job tokens, as JSON. */
  jobTokenSecrets: 'rg:{secret}:job-token-secrets',
  /** Jobs with equal inputs whose POST has not ended. */
  posts: (fingerprint: string) => `${submissionsTag(fingerprint)}:posts`,
  /** The job that an upstream request belongs to. */
  posted: (fingerprint: string, upstreamId: string) =>
    `${submissionsTag(fingerprint)}:request:${digest(upstreamId)}`,
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
  heartbeat: (shard: string) => `${tag(shard)}:on:beat`,
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

function submissionsTag(fingerprint: string): string {
  return `rg:{sub:${digest(fingerprint)}}`;
}

function limitsTag(ownerId: string | null): string {
  return ownerId === null ? 'rg:{jobs}' : `rg:{owner:${digest(ownerId)}}`;
}

/** Keys come from clients: of any length and with any character. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

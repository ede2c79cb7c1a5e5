import { createHash } from 'node:crypto';
import type { JobStatus } from '../../domain/job/projection.ts';

/** Maximum difference between the clocks of two instances, in milliseconds. */
export const CLOCK_SKEW_MS = 30_000;

/** The shards. A job's shard is the last digit of its id. */
export const SHARDS: readonly string[] = Array.from('0123456789abcdef');

/** Names of keys. The keys of one script share a hash tag, so that a Redis Cluster needs no other setup. */
export const keys = {
  job: (id: string) => `${keys.jobsOf(shardOf(id))}${id}`,
  video: (id: string) => `${tag(shardOf(id))}:video:${id}`,
  /** Prefix of the keys of a shard's jobs; the id follows. */
  jobsOf: (shard: string) => `${tag(shard)}:job:`,
  /** Unfinished jobs by their due time. */
  due: (shard: string) => `${tag(shard)}:due`,
  /** Unfinished jobs by their deadline. */
  deadline: (shard: string) => `${tag(shard)}:deadline`,
  /**
   * Ids of jobs whose record cannot be read, by the time when the record expires. The gateway does not process these jobs. To resume one,
   * correct its hash, in which each field is JSON, and release it: `releaseQuarantinedRecord`. A compact job has one field, `@final`: delete
   * that if it is damaged. Other fields come before those in it.
   */
  quarantine: (shard: string) => `${tag(shard)}:quarantine`,
  /** Exists for some minutes after an instance was seen that cannot read compact jobs. */
  earlierInstances: (shard: string) => `${tag(shard)}:earlier-instances`,
  /** Written by the health check. */
  health: (shard: string) => `${tag(shard)}:health`,
  /** Ids of an owner's jobs. */
  owner: (shard: string, ownerId: string) => `${tag(shard)}:owner:${ownerId}`,
  /** Ids of an owner's jobs with a status. */
  status: (shard: string, ownerId: string, status: JobStatus) => `${tag(shard)}:status:${status}:${ownerId}`,
  /** File tasks by their due time. */
  fileTasks: (shard: string) => `${tag(shard)}:files`,
  /** Leases and failure counts of file tasks, as `files/lease.lua` describes them. */
  fileLeases: (shard: string) => `${tag(shard)}:file-leases`,
  /** The webhook deliveries of a job, as `webhooks/lease.lua` describes them. */
  deliveries: (jobId: string) => `${tag(shardOf(jobId))}:webhooks:${jobId}`,
  /** Webhook deliveries by their due time. */
  dueDeliveries: (shard: string) => `${tag(shard)}:webhooks-due`,
  /** Webhook deliveries whose last attempt failed, by the creation of their job. */
  failingDeliveries: (shard: string) => `${tag(shard)}:webhooks-failing`,
  idempotency: (shard: string, ownerId: string, key: string) =>
    `${tag(shard)}:idempotency:${ownerId}:${digest(key)}`,
  /** The state of the call budget, as JSON. */
  budget: 'rg:{budget}:state',
  /** The credits of the upstream account, as JSON. */
  credits: 'rg:{account}:credits',
  /** The learned durations, as JSON. */
  durations: 'rg:{durations}:sums',
  /** The learned durations of earlier versions: a hash with `weight sum squares` for each group. Read once, never written. */
  earlierDurations: 'rg:{durations}:groups',
  /** The secret of the seals of events. */
  sealSecret: 'rg:{secret}:announcements',
  /** The secrets of job tokens, as JSON. */
  jobTokenSecrets: 'rg:{secret}:job-token-secrets',
  /** The secret of the URLs of videos, as base64. */
  videoUrlSecret: 'rg:{secret}:video-url-secret',
  /** The place of the archive at the last start, as `archive/archive-place.ts` describes it. */
  archivePlace: 'rg:{archive}:place',
  /** The running processes, as JSON, by the end of their announcements. */
  instances: 'rg:{instances}:running',
  /** The registered documents, as `documents/add.lua` describes them. */
  documents: ['texts', 'uses', 'accounts', 'order'].map((name) => `rg:{documents}:${name}`),
  /** Jobs with equal inputs whose POST has not ended. */
  postsInFlight: (fingerprint: string) => `${submissionsTag(fingerprint)}:posts`,
  /** The job that an upstream request belongs to. */
  upstreamRequest: (fingerprint: string, upstreamId: string) =>
    `${submissionsTag(fingerprint)}:request:${digest(upstreamId)}`,
  /** Unfinished jobs of an owner, or of all owners when null. */
  unfinished: (ownerId: string | null) => `${limitsTag(ownerId)}:unfinished`,
  /** Jobs accepted within a day, of an owner or of all owners. */
  day: (ownerId: string | null) => `${limitsTag(ownerId)}:day`,
  /** Prefixes of the keys of an owner's rate limits. */
  rate: { generate: 'rg:rate', upload: 'rg:upload-rate' },
};

/** Names of channels. A job has one channel; an owner, its removals and new work have one in each shard. */
export const channels = {
  job: (id: string) => `${tag(shardOf(id))}:on:job:${id}`,
  owner: (shard: string, ownerId: string) => `${tag(shard)}:on:owner:${ownerId}`,
  removals: (shard: string, ownerId: string) => `${tag(shard)}:on:removed:${ownerId}`,
  work: (shard: string) => `${tag(shard)}:on:work`,
  heartbeat: (shard: string) => `${tag(shard)}:on:beat`,
  /** Subscribed with a heartbeat, in one command: the difference of their subscribers are instances that cannot read compact jobs. */
  compactReaders: (heartbeat: string) => `${heartbeat}:compact`,
};

/** The shard of a job. */
export function shardOf(jobId: string): string {
  return jobId.at(-1) ?? '0';
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

/** Clients choose the text, so it has any length and any characters. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

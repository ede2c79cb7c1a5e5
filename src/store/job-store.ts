/**
 * The port to where jobs live. Every method rejects with `StoreUnavailableError` when the store can't be reached, and
 * then nothing has been promised: a create may or may not have happened (its idempotency key tells), a save is safe to
 * repeat. Saving publishes: once `create` or `save` resolves, the saved version is on its way to every subscriber.
 */
import { type Job, JOB_PHASES, type JobPhase } from '../domain/job/job.ts';
import type { PollNotes } from '../domain/job/poll-notes.ts';
import type { JobLimits, LimitRefusal } from './job-limits.ts';

/** The store can't be reached, or can't write. Repeating the call later may help. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
}

/**
 * Milliseconds for which an idempotency key is kept. Its job is kept at least as long, or the key would let the same job be made
 * twice.
 */
export const IDEMPOTENCY_MS = 24 * 60 * 60 * 1000;

/** A job to be accepted, due at once. */
export interface NewJobRecord {
  readonly job: Job;
  /** Unique for its owner while it lasts; null for none. */
  readonly idempotencyKey: string | null;
  /** Equal for equal requests. */
  readonly fingerprint: string;
  /** Never exceeded, however many are created at once. A known key gives its job also when they are used up. */
  readonly limits: JobLimits;
}

/** What became of a create. */
export type CreateOutcome =
  | { readonly type: 'created' }
  /** The key was used before, for an equal request: this is its job. */
  | { readonly type: 'duplicate'; readonly job: Job }
  /** The key was used before, for another request: this is its job. */
  | { readonly type: 'conflict'; readonly job: Job }
  /** A limit is used up: nothing was stored. */
  | ({ readonly type: 'refused' } & LimitRefusal);

/** A page of an owner's jobs, by id: newest first, or oldest first when `ascending`. */
export interface ListQuery {
  readonly ownerId: string;
  /** Null for all. */
  readonly phases: readonly JobPhase[] | null;
  /** Only jobs with a smaller id (older); null for no bound. */
  readonly olderThan: string | null;
  /** Only jobs with a greater id (newer); null for no bound. */
  readonly newerThan: string | null;
  readonly ascending: boolean;
  readonly limit: number;
}

/** Which jobs to lease. */
export interface LeaseQuery {
  /** Epoch milliseconds. */
  readonly now: number;
  /** When the lease runs out, in epoch milliseconds; a job still leased then is due again, for any poller. */
  readonly leaseUntil: number;
  readonly limit: number;
  /** How many of them may need an upstream call; those past their deadline do not count here and come first. */
  readonly callLimit: number;
  /** Ids of jobs that are not leased even if they are due: the caller has a step of them in progress. */
  readonly except: readonly string[];
  /**
   * Ids of jobs to lease before their deadline, the most important first; those that are not due any more are passed
   * over. Null: the longest due.
   */
  readonly preferred: readonly string[] | null;
}

/**
 * How many jobs `findCandidates` returns at most. When more are due, no owner and no priority crowds out another: the longest due of each
 * owner and each of its priorities are taken in turn.
 */
export const MAX_CANDIDATES = 400;

/**
 * The priority of a job's next call by its phase: 1 when the call submits the job or fetches its video, 0 when it polls. A job whose last
 * call failed has the priority -1 in every phase. Both engines derive the number from the stored phase and failure count.
 */
export const PHASE_PRIORITY: Readonly<Record<JobPhase, 0 | 1>> = {
  accepted: 1,
  submitting: 1,
  settling: 0,
  queued: 0,
  processing: 0,
  collecting: 1,
  completed: 0,
  failed: 0,
};

/** The phases with priority 1. */
export const URGENT_PHASES = JOB_PHASES.filter((phase) => PHASE_PRIORITY[phase] === 1);

/**
 * A job with what the poller knows of it. Stores keep `failureCount`, `runAt` and `lastPolledAt` under their earlier names
 * (`faults`, `due`, `seenAt`), so that instances of neighbouring versions read each other.
 */
export interface DueJob {
  readonly job: Job;
  /** When the upstream last told that it was not done, in epoch milliseconds; null when it never did. */
  readonly lastPolledAt: number | null;
  /** Calls about this job that failed in a row. */
  readonly failureCount: number;
  /** `NO_NOTES` when there are none. */
  readonly notes: PollNotes;
}

/** A job that one poller holds until the lease runs out. */
export interface LeasedJob extends DueJob {
  /** Unique; a later lease of the same job has another. */
  readonly leaseId: string;
}

/** When a job is to be looked at next, and what is to be known then. */
export interface Schedule {
  /** Epoch milliseconds. */
  readonly runAt: number;
  /** As in `DueJob`. */
  readonly failureCount: number;
  /** As in `DueJob`. */
  readonly lastPolledAt: number | null;
  /** @default NO_NOTES */
  readonly notes?: PollNotes;
}

/** The next version of a job. */
export interface SaveChange {
  readonly job: Job;
  /** When to look at the job again, which ends its lease, whoever has it; null: neither changes; null for a final job. */
  readonly schedule: Schedule | null;
  /** With `schedule` null: the lease named by the save is renewed until then, in epoch milliseconds. */
  readonly leaseUntil?: number;
  /** The video as base64, stored beside the job. */
  readonly videoData?: string;
}

/** What became of a save. */
export type SaveOutcome =
  /** It is stored, by this call or by an earlier try of it. */
  | 'saved'
  /** The stored version is not the one before it: another poller was faster. Nothing was stored. */
  | 'superseded'
  /** The store has no such job: it was emptied, or has lost what was written last. Nothing was stored. */
  | 'missing';

/** A job that waits to be sent, and does not say so yet. */
export interface WaitingJob {
  readonly job: Job;
  /** About how many jobs that wait to be sent have been due for longer. */
  readonly ahead: number;
}

/** What is known of the store's health. */
export interface StoreHealth {
  /** Records that can't be read, and are therefore left alone. */
  readonly quarantined: number;
}

/** What can be watched: one job, an owner's jobs, or that a job became due at once. */
export type Topic =
  | { readonly type: 'job'; readonly jobId: string }
  | { readonly type: 'owner'; readonly ownerId: string }
  | { readonly type: 'work' };

/** Told of each saved version, those of one job in order. Must not throw. */
export type TopicListener = (job: Job) => void;

/** Ends a watch. May be called twice. */
export type Unsubscribe = () => void;

/** Stored jobs. A resolved `create` or `save` has also published the version: the two cannot come apart. */
export interface Jobs {
  create(record: NewJobRecord): Promise<CreateOutcome>;
  /** One round trip. @returns as many as were asked for, in order; null for an unknown id. */
  getMany(ids: readonly string[]): Promise<(Job | null)[]>;
  /** The base64 that was saved with a job, or null. */
  getVideoData(jobId: string): Promise<string | null>;
  list(query: ListQuery): Promise<Job[]>;
  /**
   * Stores the next version, if the stored version is the one before it. The lease need not hold any more: an answer
   * that comes late is stored as long as nothing else happened to the job.
   *
   * @param leaseId identifies the tries of one save; empty for a save without a lease
   */
  save(leaseId: string, change: SaveChange): Promise<SaveOutcome>;
}

/** The schedule of unfinished jobs. A lease gives a job to one poller until it runs out. */
export interface JobQueue {
  /**
   * Due jobs before their deadline to choose from, see `MAX_CANDIDATES`; nothing is leased. Null when no more are due
   * than the query may lease, so that there is no choice.
   */
  findCandidates(query: Omit<LeaseQuery, 'leaseUntil' | 'preferred'>): Promise<DueJob[] | null>;
  /** Leases jobs that are due: those past their deadline first, then the preferred ones or the longest due. */
  leaseDue(query: LeaseQuery): Promise<LeasedJob[]>;
  /**
   * Jobs in phase `accepted` of version 1 that have been due since before a time, in epoch milliseconds; the longest due
   * first. They are not leased.
   */
  findWaiting(dueBefore: number, limit: number): Promise<WaitingJob[]>;
  /** Gives a leased job back unchanged, to be due later. Does nothing when the lease no longer holds. */
  release(leased: LeasedJob, schedule: Schedule): Promise<void>;
  /** When the next job is due, leases included, in epoch milliseconds; null when there is none. */
  nextDueAt(): Promise<number | null>;
}

/** Delivery of saved versions to the subscribers of all instances. */
export interface JobEvents {
  /** Resolves once listening: whatever is saved from then on is heard. */
  subscribe(topic: Topic, listener: TopicListener): Promise<Unsubscribe>;
}

/** Jobs in memory. Only an engine whose single writer is this process has a cache. */
export interface JobCache {
  /** Returns the stored version, or undefined when it is not in memory. */
  get(id: string): Job | undefined;
}

/** Everything that one engine keeps about jobs. Its owner disposes it last. */
export interface JobStore extends Jobs, JobQueue, JobEvents, AsyncDisposable {
  /** Resolves when jobs can be read, written and watched; else rejects. Writes a little. */
  health(): Promise<StoreHealth>;
}

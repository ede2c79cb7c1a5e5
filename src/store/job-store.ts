/**
 * The port to the store of jobs. Every method rejects with `StoreUnavailableError` when the store cannot be reached. A create that failed
 * may still have stored the job; repeating it with its idempotency key is safe. Repeating a save is safe. `create` and `save` also
 * publish: once they resolve, the saved version is being delivered to every subscriber.
 */
import { type Job, JOB_PHASES, type JobPhase } from '../domain/job/job.ts';
import type { PollNotes } from '../domain/job/poll-notes.ts';
import type { JobLimits, LimitRefusal } from './job-limits.ts';
import type { NewDelivery } from './webhook-deliveries.ts';

/** Options of a `StoreUnavailableError`. */
export interface StoreUnavailableOptions extends ErrorOptions {
  /** What clients read, instead of that the store cannot be reached. */
  readonly shown?: string;
}

/** The store cannot be reached or cannot write. A later call may succeed. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
  /** What clients read: the message is for the log. */
  readonly shown: string;

  constructor(
    message: string,
    {
      shown = 'The job store cannot be reached. Try again in a moment.',
      ...options
    }: StoreUnavailableOptions = {},
  ) {
    super(message, options);
    this.shown = shown;
  }
}

/** What clients read when the store is full, or its disk fails. */
export const CANNOT_WRITE = 'The job store cannot write. Try again in a moment.';

/** Milliseconds for which an idempotency key is valid. Its job is kept at least as long, or the key could create the job twice. */
export const IDEMPOTENCY_MS = 24 * 60 * 60 * 1000;

/** A new job. It is due at once. */
export interface NewJobRecord {
  readonly job: Job;
  /** Unique among the owner's valid keys; null for none. */
  readonly idempotencyKey: string | null;
  /** Equal for equal requests. */
  readonly fingerprint: string;
  /** Never exceeded, also by concurrent creates. A known key returns its job even when a limit is used up. */
  readonly limits: JobLimits;
  /** False: only a known key is answered, and nothing is stored. @default true */
  readonly mayCreate?: boolean;
}

/** The result of a create. */
export type CreateOutcome =
  | { readonly type: 'created' }
  /** The key was used before for an equal request, which created this job. */
  | { readonly type: 'duplicate'; readonly job: Job }
  /** The key was used before for a different request, which created this job. */
  | { readonly type: 'conflict'; readonly job: Job }
  /** The key was used before, and its job was removed. */
  | { readonly type: 'removed' }
  /** The key is unknown, and the record may not be created. */
  | { readonly type: 'unknown' }
  /** A limit is used up: nothing was stored. */
  | ({ readonly type: 'refused' } & LimitRefusal);

/** A page of an owner's jobs by id: newest first, or oldest first when `ascending`. */
export interface ListQuery {
  readonly ownerId: string;
  /** Null for all phases. */
  readonly phases: readonly JobPhase[] | null;
  /** Only jobs with a smaller id (older); null for no bound. */
  readonly olderThan: string | null;
  /** Only jobs with a greater id (newer); null for no bound. */
  readonly newerThan: string | null;
  readonly ascending: boolean;
  readonly limit: number;
  /** Only jobs whose prompt contains all words of this text; absent for all. Only for a store that `searchesPrompts`. */
  readonly prompt?: string;
}

/** Selects due jobs. */
export interface DueQuery {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly limit: number;
  /** The most of them that may need an upstream call. Jobs past their deadline need none; they come first and do not count. */
  readonly callLimit: number;
  /** Ids of jobs that are skipped even if they are due: the caller is processing them. */
  readonly except: readonly string[];
}

/** Selects due jobs to lease. */
export interface LeaseQuery extends DueQuery {
  /** When the lease expires, in epoch milliseconds. A job that is still leased then is due again for any poller. */
  readonly leaseUntil: number;
  /** Ids of jobs to lease before their deadline, in order; jobs that are no longer due are skipped. Null: the longest due. */
  readonly preferred: readonly string[] | null;
}

/**
 * The most jobs that `findCandidates` returns. When more are due, no owner and no priority crowds out another: the jobs are taken
 * round-robin from the longest due of each owner and priority.
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
 * A job with the poller's own fields. Stores keep `failureCount`, `runAt` and `lastPolledAt` under their earlier names (`faults`, `due`,
 * `seenAt`), so that instances of neighbouring versions understand each other.
 */
export interface DueJob {
  readonly job: Job;
  /** When the upstream last reported the job as not done, in epoch milliseconds; null when it never did. */
  readonly lastPolledAt: number | null;
  /** Consecutive failed calls about this job. */
  readonly failureCount: number;
  /** `NO_NOTES` when there are none. */
  readonly notes: PollNotes;
}

/** A job that one poller holds until the lease runs out. */
export interface LeasedJob extends DueJob {
  /** Unique; a later lease of the same job has another. */
  readonly leaseId: string;
}

/** When a job is processed next, and the poller's fields for that step. */
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
  /** Ends the lease of any poller. Null keeps the lease and the schedule; null for a final job. */
  readonly schedule: Schedule | null;
  /** With `schedule` null: renews the lease of the save until then, in epoch milliseconds. */
  readonly leaseUntil?: number;
  /** The video as base64, stored apart from the job. */
  readonly videoData?: string;
  /** Whether to add the job's file task, see `FileTasks`, in the same atomic step. It is due at once. @default false */
  readonly addsFileTask?: boolean;
  /** Messages about the job's end to add in the same atomic step, see `WebhookDeliveries`. They are due at once. @default none */
  readonly deliveries?: readonly NewDelivery[];
}

/** The result of a removal. */
export type RemoveOutcome =
  /** The job is gone from reads and lists. */
  | 'removed'
  /** The job is not final: nothing was removed. */
  | 'unfinished'
  /** The store has no such job, or no longer. */
  | 'missing';

/** The result of a save. */
export type SaveOutcome =
  /** The version is stored, by this call or by an earlier attempt of it. */
  | 'saved'
  /** The stored version is not the previous one: another poller was faster. Nothing was stored. */
  | 'superseded'
  /** The store has no such job: it was emptied or lost its last writes. Nothing was stored. */
  | 'missing';

/** A job that waits to be submitted and does not show that yet. */
export interface WaitingJob {
  readonly job: Job;
  /** The approximate number of waiting jobs that have been due for longer. */
  readonly ahead: number;
}

/** The store's health. */
export interface StoreHealth {
  /** Number of records that cannot be read and are skipped. */
  readonly quarantined: number;
}

/** A subject of subscriptions: one job, an owner's jobs, or jobs that are due at once. */
export type Topic =
  | { readonly type: 'job'; readonly jobId: string }
  | { readonly type: 'owner'; readonly ownerId: string }
  | { readonly type: 'work' };

/** Called with each saved version; the versions of one job come in order. Must not throw. */
export type TopicListener = (job: Job) => void;

/** Called with the id of each removed job of an owner. Must not throw. */
export type RemovalListener = (jobId: string) => void;

/** Ends a subscription. May be called twice. */
export type Unsubscribe = () => void;

/** Stored jobs. `create` and `save` store and publish a version in one atomic step. */
export interface Jobs {
  /** Stores a new job, unless its idempotency key is known or a limit is used up. */
  create(record: NewJobRecord): Promise<CreateOutcome>;
  /** Reads jobs in one round trip. @returns one entry for each id, in order; null for an unknown id */
  getMany(ids: readonly string[]): Promise<(Job | null)[]>;
  /** Whether the store has a record of the job, even if it cannot be read: an operator may repair it. */
  isStored(jobId: string): Promise<boolean>;
  /** The base64 that was saved with a job, or null. */
  getVideoData(jobId: string): Promise<string | null>;
  /** Deletes the base64 that was saved with a job. */
  deleteVideoData(jobId: string): Promise<void>;
  /** Returns a page of an owner's readable jobs. */
  list(query: ListQuery): Promise<Job[]>;
  /** Whether `list` can select by `prompt`. */
  readonly searchesPrompts: boolean;
  /**
   * Stores the next version if the stored version is the previous one. The lease may have expired: a late answer is stored as long as no
   * other version was.
   *
   * @param leaseId identifies the tries of one save; empty for a save without a lease
   */
  save(leaseId: string, change: SaveChange): Promise<SaveOutcome>;
  /**
   * Removes a final job with its base64, makes its file task due at once without failures, and publishes the removal. Its idempotency
   * key stays valid for its time, and the job still counts towards the daily limits.
   */
  remove(job: Job): Promise<RemoveOutcome>;
}

/** The schedule of unfinished jobs. A lease gives a job to one poller until it runs out. */
export interface JobQueue {
  /**
   * Returns due jobs before their deadline, see `MAX_CANDIDATES`; leases nothing. Null when the query may lease all due jobs, so that there
   * is no choice.
   */
  findCandidates(query: DueQuery): Promise<DueJob[] | null>;
  /** Leases due jobs: first those past their deadline, then the preferred or the longest due ones. */
  leaseDue(query: LeaseQuery): Promise<LeasedJob[]>;
  /**
   * Returns unleased jobs of version 1 in phase `accepted` that were due before a time in epoch milliseconds, the longest due first.
   */
  findWaiting(dueBefore: number, limit: number): Promise<WaitingJob[]>;
  /** Ends a lease without a change of the job, which is due later. Does nothing when the lease no longer holds. */
  release(leased: LeasedJob, schedule: Schedule): Promise<void>;
  /** Returns when the next job is due or the next lease expires, in epoch milliseconds; null when there is none. */
  nextDueAt(): Promise<number | null>;
}

/** Delivery of saved versions to the subscribers of all instances. */
export interface JobEvents {
  /** Resolves once the subscription is active: later saves reach the listener. */
  subscribe(topic: Topic, listener: TopicListener): Promise<Unsubscribe>;
  /** As `subscribe`, for the removals of an owner's jobs. A removal while the store is unavailable may be missed. */
  subscribeRemovals(ownerId: string, listener: RemovalListener): Promise<Unsubscribe>;
}

/** Jobs in memory. Only an engine whose single writer is this process has a cache. */
export interface JobCache {
  /** Returns the stored version, or undefined when it is not in memory. */
  get(id: string): Job | undefined;
}

/** Everything that one engine keeps about jobs. Its owner disposes it last. */
export interface JobStore extends Jobs, JobQueue, JobEvents, AsyncDisposable {
  /** Resolves when jobs can be read, written and watched; else rejects. Writes a small record. */
  health(): Promise<StoreHealth>;
}

/**
 * The port to facts about the work that waits, for operators. The cost of a call does not grow with the number of finished jobs, and is
 * bounded for a million unfinished ones. All methods reject with `StoreUnavailableError` when the store cannot be reached.
 */
import type { JobPhase } from '../domain/job/job.ts';
import type { DueJob } from './job-store.ts';

/** A phase of an unfinished job. */
export type UnfinishedPhase = Exclude<JobPhase, 'completed' | 'failed'>;

/** Work that is due and not leased. */
export interface DueWork {
  /** At most `MAX_COUNTED`: more are not counted. */
  readonly due: number;
  /** When the longest due was due, in epoch milliseconds; null: nothing is due. */
  readonly oldestDueAt: number | null;
}

/** What an owner has in the gateway. */
export interface OwnerUse {
  readonly ownerId: string;
  /** From 1. */
  readonly unfinished: number;
}

/** The work of all owners. */
export interface Backlog {
  readonly jobs: DueWork;
  /** Unfinished jobs, leased ones included, without quarantined ones. */
  readonly unfinished: number;
  /** The same by phase. Redis estimates it from a sample when there are more than about 4,000. */
  readonly unfinishedByPhase: Readonly<Record<UnfinishedPhase, number>>;
  /** The owners with the most unfinished jobs, the most first; at most `MAX_OWNERS`. Estimated as `unfinishedByPhase`. */
  readonly owners: readonly OwnerUse[];
  /** Tasks of the archive. */
  readonly fileTasks: DueWork;
  /** Records that cannot be read. */
  readonly quarantined: number;
}

/** An unfinished job with its schedule. */
export interface ScheduledJob extends DueJob {
  /** When its next step is due, in epoch milliseconds; of a leased job, when the lease expires. */
  readonly runAt: number;
  /** Whether a poller holds it. */
  readonly isLeased: boolean;
}

/** A record that cannot be read. */
export interface QuarantinedRecord {
  /** The id of the job. */
  readonly id: string;
  /** Why it cannot be read. */
  readonly error: string;
}

/** Reads the facts. */
export interface BacklogReader {
  read(): Promise<Backlog>;
  /** The jobs whose deadline or start deadline is nearest, that one first: with one setting for all jobs, the oldest. */
  findNearestEnd(limit: number): Promise<ScheduledJob[]>;
  /** Quarantined records, ordered by id. */
  findQuarantined(limit: number): Promise<QuarantinedRecord[]>;
}

/** The most due jobs, due tasks and, in the embedded store, waiting deliveries that are counted. */
export const MAX_COUNTED = 50_000;
/** The most owners of a backlog. */
export const MAX_OWNERS = 20;
/** A backlog is read at most once in this time, in milliseconds, however often it is asked for. */
const MAX_AGE_MS = 5000;

/** Builds the counts of all phases. @param countOf 0 for a phase without jobs */
export function countByPhase(countOf: (phase: UnfinishedPhase) => number): Record<UnfinishedPhase, number> {
  return {
    accepted: countOf('accepted'),
    submitting: countOf('submitting'),
    settling: countOf('settling'),
    queued: countOf('queued'),
    processing: countOf('processing'),
    collecting: countOf('collecting'),
  };
}

/** Answers `read` from memory for some seconds. Concurrent calls share one read; a failed one is not kept. */
export class CachedBacklog implements BacklogReader {
  readonly #reader: BacklogReader;
  readonly #now: () => number;
  #last: { readonly at: number; readonly backlog: Promise<Backlog> } | null = null;

  /** @param now epoch milliseconds */
  constructor(reader: BacklogReader, now: () => number) {
    this.#reader = reader;
    this.#now = now;
  }

  read(): Promise<Backlog> {
    const now = this.#now();
    if (this.#last !== null && Math.abs(now - this.#last.at) < MAX_AGE_MS) return this.#last.backlog;
    const backlog = this.#reader.read();
    this.#last = { at: now, backlog };
    backlog.catch(() => {
      this.#last = null;
    });
    return backlog;
  }

  findNearestEnd(limit: number): Promise<ScheduledJob[]> {
    return this.#reader.findNearestEnd(limit);
  }

  findQuarantined(limit: number): Promise<QuarantinedRecord[]> {
    return this.#reader.findQuarantined(limit);
  }
}

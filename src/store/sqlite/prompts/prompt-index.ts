import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as endOfTurn, setTimeout as delay } from 'node:timers/promises';
import { idBound } from '../../../domain/job/job-id.ts';
import type { Job } from '../../../domain/job/job.ts';
import { emitFault } from '../../../events/emit-fault.ts';
import type { EventEmitter } from '../../../events/gateway-events.ts';
import { readJob, type Row } from '../database/rows.ts';
import type { PromptStatements } from './prompt-statements.ts';
import { wordsOf } from './prompt-words.ts';

/** Jobs that one transaction adds. A prompt has some hundred entries. */
const BATCH = 32;
/** Pages of the index that one step of a merge writes. */
const MERGE_PAGES = 16;
/** Milliseconds for which jobs that ended are collected, so that they are added together. A search adds them at once. */
const COLLECT_MS = 1000;

const NOT_WRITTEN =
  'the index of prompts cannot be written; it is tried again when a job ends or prompts are searched';

export interface PromptIndexOptions {
  readonly database: DatabaseSync;
  readonly statements: PromptStatements;
  readonly events: EventEmitter;
}

/** The phases of the jobs in the index. */
export type FinalPhase = 'completed' | 'failed';

/**
 * The bits of the milliseconds of one period: 70 minutes. The cost of finding a place in the list of an entry grows with its length, so the list
 * of a word is divided by the time of the jobs.
 */
const PERIOD_BITS = 22;

/** The period of a job, from the time in its id. */
export function periodOf(id: string): number {
  return Math.floor(timeOf(id) / 2 ** PERIOD_BITS);
}

/** A text that is smaller than the ids of a period, and greater than all ids before. */
export function startOfPeriod(period: number): string {
  return idBound(period * 2 ** PERIOD_BITS);
}

/**
 * The beginning of all entries of an owner's jobs in a final phase and a period. The words of other owners and of the other phase are other
 * entries, and cost a search nothing. Two owners may have the same hash: check the owner of each job that is found.
 */
export function entryPrefix(ownerId: string, phase: FinalPhase, period: number): string {
  const owner = createHash('sha256').update(ownerId).digest('hex').slice(0, 10);
  return owner + phase.slice(0, 1) + period.toString(36).padStart(4, '0').slice(-4);
}

/**
 * Adds final jobs to the full-text index, in short transactions in the background. Triggers of the database record which jobs have ended, and
 * delete the entries of deleted and of quarantined jobs. Jobs that ended before there was an index are added newest first.
 */
export class PromptIndex implements Disposable {
  readonly #options: PromptIndexOptions;
  readonly #closing = new AbortController();
  #isRunning = false;

  constructor(options: PromptIndexOptions) {
    this.#options = options;
  }

  /** Starts the work unless it is in progress. Call it when jobs have ended. */
  wake(): void {
    if (this.#isRunning || this.#closing.signal.aborted) return;
    this.#isRunning = true;
    void this.#run();
  }

  /** Resolves once all jobs that have ended until now are in the index, except older ones, see `filledFrom`. */
  async catchUp(): Promise<void> {
    while (!this.#closing.signal.aborted && this.#addPending()) await endOfTurn();
    // A fault may have ended the work on older ones.
    if (this.filledFrom !== null) this.wake();
  }

  /** The id from which on all final jobs are in the index; null: all are. */
  get filledFrom(): string | null {
    const id = this.#options.statements.filledFrom.get()?.['job_id'];
    return id === undefined ? null : String(id);
  }

  [Symbol.dispose](): void {
    this.#closing.abort();
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { signal } = this.#closing;
    try {
      if (this.filledFrom === null) await delay(COLLECT_MS, undefined, { signal });
      for (let isMore = true; isMore;) {
        const started = performance.now();
        const isAdded = this.#addPending() || this.#fill();
        isMore = this.#merge() || isAdded;
        // Leaves at least half of the time to other work.
        await delay(performance.now() - started, undefined, { signal });
      }
    } catch (error) {
      if (!signal.aborted) emitFault(this.#options.events, 'store', 'error', NOT_WRITTEN, { err: error });
    } finally {
      this.#isRunning = false;
    }
  }

  /** Adds jobs that ended since there is an index. @returns whether more may wait */
  #addPending(): boolean {
    const { statements } = this.#options;
    const rows = statements.pending.all({ limit: BATCH });
    if (rows.length > 0) {
      this.#transact(() => {
        this.#add(rows);
        for (const { job_id: id } of rows) statements.endPending.run({ id: String(id) });
      });
    }
    return rows.length === BATCH;
  }

  /** Adds jobs that ended before there was an index. @returns whether more may wait */
  #fill(): boolean {
    const { statements } = this.#options;
    const below = this.filledFrom;
    if (below === null) return false;
    const rows = statements.unfilled.all({ below, limit: BATCH });
    this.#transact(() => {
      this.#add(rows.toReversed());
      const last = rows.at(-1);
      if (rows.length < BATCH || last === undefined) statements.endFill.run();
      else statements.setFilledFrom.run({ id: String(last['job_id']) });
    });
    return rows.length === BATCH;
  }

  /** Merges a few pages of the index. @returns whether more can be merged */
  #merge(): boolean {
    const { statements } = this.#options;
    const before = Number(statements.totalChanges.get()?.['count']);
    statements.merge.run({ pages: MERGE_PAGES });
    // As documented: less than 2 changes mean that nothing was left to merge.
    return Number(statements.totalChanges.get()?.['count']) - before >= 2;
  }

  #transact(work: () => void): void {
    const { database } = this.#options;
    database.exec('BEGIN IMMEDIATE');
    try {
      work();
      database.exec('COMMIT');
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }

  /** @param rows with `job_id`, and null in the other columns when the job is gone or hidden */
  #add(rows: readonly Row[]): void {
    const { statements } = this.#options;
    for (const row of rows) {
      const id = String(row['job_id']);
      const entries = entriesOf(row);
      if (entries === null || statements.getKey.get({ id }) !== undefined) continue;
      const key = this.#freeKey(id);
      statements.putKey.run({ key, id });
      statements.put.run({ key, entries });
    }
  }

  /**
   * Returns an unused number for a job, so that numbers sort as ids do: the index lists jobs by number. It follows from the time in the id.
   * Jobs of one millisecond use the numbers around it.
   */
  #freeKey(id: string): number {
    const { statements } = this.#options;
    const before = Number(statements.keyBelow.get({ id })?.['key'] ?? -1);
    const after = Number(statements.keyAbove.get({ id })?.['key'] ?? Number.MAX_SAFE_INTEGER);
    const key = Math.max(keyOf(id), before + 1);
    if (key < after) return key;
    if (before + 1 < after) return after - 1;
    this.#shift(after);
    return after;
  }

  /** Frees a number: its job and all directly behind it get the next higher one. */
  #shift(key: number): void {
    const { statements } = this.#options;
    const row = statements.getJob.get({ key });
    if (row === undefined) return;
    this.#shift(key + 1);
    const entries = entriesOf(row);
    statements.moveKey.run({ key });
    if (entries !== null) statements.put.run({ key: key + 1, entries });
  }
}

/** 16 numbers for each millisecond of the time in the id. */
function keyOf(id: string): number {
  const digit = Number.parseInt(id.slice(18, 19), 16);
  return timeOf(id) * 16 + (Number.isNaN(digit) ? 0 : digit);
}

/** The milliseconds in an id; 0 when it has none. */
function timeOf(id: string): number {
  const milliseconds = Number.parseInt(id.slice(3, 11) + id.slice(12, 16), 16);
  return Number.isNaN(milliseconds) ? 0 : milliseconds;
}

/** The index entries of a job; null when its row cannot be read, or it is not final. */
function entriesOf(row: Row): string | null {
  if (row['id'] === null) return null;
  try {
    const job: Job = readJob(row);
    if (job.phase !== 'completed' && job.phase !== 'failed') return null;
    const prefix = entryPrefix(job.ownerId, job.phase, periodOf(job.id));
    return wordsOf(job.request.prompt)
      .map((word) => prefix + word)
      .join(' ');
  } catch {
    return null;
  }
}

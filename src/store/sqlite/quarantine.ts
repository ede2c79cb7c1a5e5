import { isFinal } from '../../domain/job/job.ts';
import type { EventEmitter } from '../../events/gateway-events.ts';
import { DAY_MS } from '../job-limits.ts';
import { IDEMPOTENCY_MS } from '../job-store.ts';
import type { ReleaseRecordOutcome } from '../operator-actions.ts';
import type { GroupCommit } from './database/group-commit.ts';
import { readJob, type Row } from './database/rows.ts';
import type { Statements } from './database/statements.ts';

export interface QuarantineOptions {
  readonly statements: Statements;
  readonly commits: GroupCommit;
  /** Minimum time in milliseconds for which a quarantined job is kept. */
  readonly retentionMs: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Gets `store:unreadable` once in this process for each unreadable job. */
  readonly events: EventEmitter;
  /** Removes a job from the cache. */
  readonly forget: (id: string) => void;
}

/**
 * Jobs whose rows cannot be read, because the disk failed or a person edited them. A row that cannot be read is hidden from then on: in
 * this process at once, on the disk with the next commit. A hidden job is never due and in no list. Its row stays, so that an operator can
 * repair it, and is purged like that of a finished job.
 */
export class Quarantine {
  readonly #options: QuarantineOptions;
  readonly #reported = new Set<string>();

  constructor(options: QuarantineOptions) {
    this.#options = options;
  }

  /** The number of jobs known to be unreadable. */
  get size(): number {
    return Number(this.#options.statements.countUnreadable.get()?.['count']);
  }

  /**
   * Reads rows and leaves out the unreadable ones.
   *
   * @param select skips hidden rows. It runs again after a row was hidden, so that another row takes the place
   */
  readAll<T>(select: () => Row[], read: (row: Row) => T): T[] {
    for (;;) {
      let isComplete = true;
      const found: T[] = [];
      for (const row of select()) {
        try {
          found.push(read(row));
        } catch (error) {
          this.add(String(row['id']), error);
          isComplete = false;
        }
      }
      if (isComplete) return found;
    }
  }

  /** Quarantines an unreadable job. Call it outside of a transaction. */
  add(id: string, error: unknown): void {
    const { statements, commits } = this.#options;
    statements.hide.run({ id });
    this.#report(id, error);
    // If the write fails, the row is found again after a restart.
    void commits.run(() => this.#store(id, error)).catch(() => {});
  }

  /** Releases a job whose row was overwritten. Call it within the transaction. @returns whether the job was quarantined */
  release(id: string): boolean {
    const { statements } = this.#options;
    if (Number(statements.unhide.run({ id }).changes) === 0) return false;
    statements.endQuarantine.run({ id });
    statements.show.run({ id });
    return true;
  }

  /** Releases a job whose row was repaired; an unfinished one is due at once. Call it within a transaction. */
  readmit(id: string): ReleaseRecordOutcome {
    const { statements, now } = this.#options;
    if (statements.isHidden.get({ id }) === undefined) return { type: 'missing' };
    const row = statements.getJob.get(id);
    if (row === undefined) return { type: 'missing' };
    const error = errorOf(row);
    if (error !== null) return { type: 'unreadable', error: String(error) };
    const job = readJob(row);
    this.release(id);
    this.#reported.delete(id);
    if (!isFinal(job)) statements.reschedule.run({ id, now: now() });
    return { type: 'released', job };
  }

  /** Loads the quarantine of an earlier process and releases repaired jobs. Call it within a transaction. */
  restore(): void {
    const { statements, now } = this.#options;
    for (const { job_id: id } of statements.quarantined.all()) {
      const row = statements.getJob.get(id ?? null);
      const error = row === undefined ? null : errorOf(row);
      if (error !== null) {
        statements.hide.run({ id: String(id) });
        this.#report(String(id), error);
        continue;
      }
      statements.endQuarantine.run({ id: String(id) });
      statements.show.run({ id: String(id) });
      if (row !== undefined && !isFinal(readJob(row))) {
        statements.reschedule.run({ id: String(id), now: now() });
      }
    }
  }

  #store(id: string, error: unknown): void {
    const { statements, retentionMs, now } = this.#options;
    const row = statements.getJob.get(id);
    // Meanwhile a save may have repaired the row, or the purge deleted it.
    if (row === undefined || errorOf(row) === null) {
      statements.unhide.run({ id });
      return;
    }
    // The row must outlive its idempotency key, and it counts towards the daily limits.
    const kept = Math.max(IDEMPOTENCY_MS, DAY_MS);
    statements.unschedule.run({ id, purge: now() + retentionMs, kept });
    statements.endLeases.run({ id });
    statements.quarantine.run({ id, error: String(error), now: now() });
  }

  #report(id: string, error: unknown): void {
    const { events, forget } = this.#options;
    forget(id);
    if (this.#reported.has(id)) return;
    this.#reported.add(id);
    events.emit('store:unreadable', { id, error });
  }
}

/** Returns the reason why a row cannot be read, or null when it can. */
function errorOf(row: Row): Error | null {
  try {
    readJob(row);
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error('The record cannot be read.', { cause: error });
  }
}

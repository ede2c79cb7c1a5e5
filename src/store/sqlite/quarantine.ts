import { isFinal } from '../../domain/job/job.ts';
import { DAY_MS } from '../job-limits.ts';
import { IDEMPOTENCY_MS } from '../job-store.ts';
import type { GroupCommit } from './group-commit.ts';
import { readJob, type Row } from './rows.ts';
import type { Statements } from './statements.ts';

/** Settings of the quarantine. */
export interface QuarantineOptions {
  readonly statements: Statements;
  readonly commits: GroupCommit;
  /** Milliseconds for which a job in the quarantine is kept at least. */
  readonly retentionMs: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Called once for each unreadable job in this process. */
  readonly onUnreadable: (id: string, error: unknown) => void;
  /** Called when a job must not be shown from memory any more. */
  readonly forget: (id: string) => void;
}

/**
 * Jobs whose rows cannot be read, because the disk or a hand has changed them. One that is met is left out from then on,
 * in this process at once and on the disk with the next commit: it is never due, and no list has it. Its row stays, so
 * that it can be mended, and is purged like that of a finished job.
 */
export class Quarantine {
  readonly #options: QuarantineOptions;
  readonly #told = new Set<string>();

  constructor(options: QuarantineOptions) {
    this.#options = options;
  }

  /** How many jobs cannot be read, as far as is known. */
  get size(): number {
    return Number(this.#options.statements.countUnreadable.get()?.['count']);
  }

  /**
   * What rows hold, without those that cannot be read.
   *
   * @param select selects no unreadable row that is known; run again after one was met, so that others take its place
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

  /** Takes a job in that cannot be read. Call it outside of a transaction. */
  add(id: string, error: unknown): void {
    const { statements, commits } = this.#options;
    statements.hide.run({ id });
    this.#tell(id, error);
    // What can't be written now is met again after a restart.
    void commits.run(() => this.#takeIn(id, error)).catch(() => {});
  }

  /** A job's row was written anew. Call it within the transaction. @returns whether it was unreadable before */
  lift(id: string): boolean {
    const { statements } = this.#options;
    if (Number(statements.unhide.run({ id }).changes) === 0) return false;
    statements.endQuarantine.run({ id });
    return true;
  }

  /** Takes over what an earlier process has left, but for the jobs that were mended. Call it within a transaction. */
  restore(): void {
    const { statements, now } = this.#options;
    for (const { job_id: id } of statements.quarantined.all()) {
      const row = statements.getJob.get(id ?? null);
      const error = row === undefined ? null : errorOf(row);
      if (error !== null) {
        statements.hide.run({ id: String(id) });
        this.#tell(String(id), error);
        continue;
      }
      statements.endQuarantine.run({ id: String(id) });
      if (row !== undefined && !isFinal(readJob(row))) {
        statements.reschedule.run({ id: String(id), now: now() });
      }
    }
  }

  #takeIn(id: string, error: unknown): void {
    const { statements, retentionMs, now } = this.#options;
    const row = statements.getJob.get(id);
    // A save may have come first, which mended it, or the purge.
    if (row === undefined || errorOf(row) === null) {
      statements.unhide.run({ id });
      return;
    }
    // Its idempotency key must not make a second job, and it counts as one of the day's.
    const kept = Math.max(IDEMPOTENCY_MS, DAY_MS);
    statements.unschedule.run({ id, purge: now() + retentionMs, kept });
    statements.endLeases.run({ id });
    statements.quarantine.run({ id, error: String(error), now: now() });
  }

  #tell(id: string, error: unknown): void {
    const { onUnreadable, forget } = this.#options;
    forget(id);
    if (this.#told.has(id)) return;
    this.#told.add(id);
    onUnreadable(id, error);
  }
}

/** Why a row cannot be read; null when it can. */
function errorOf(row: Row): unknown {
  try {
    readJob(row);
    return null;
  } catch (error) {
    return error;
  }
}

import { randomUUID } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type GroupCommit, unavailable } from './group-commit.ts';

/**
 * The leases of one kind, in a table in memory: one process uses the folder, and what was leased when it ended is due at once for the next
 * process.
 */
export class Leases {
  readonly #commits: GroupCommit;
  /** Sets the ids of these leases apart from those of the process that used the folder before. */
  readonly #prefix = randomUUID();
  #count = 0;
  readonly #begin: StatementSync;
  readonly #extend: StatementSync;
  readonly #end: StatementSync;
  readonly #nextEnd: StatementSync;

  /**
   * @param database the database of the job store, with its tables in memory
   * @param commits those of the job store
   */
  constructor(
    database: DatabaseSync,
    commits: GroupCommit,
    table: 'job_leases' | 'file_leases' | 'delivery_leases',
  ) {
    this.#commits = commits;
    this.#begin = database.prepare(
      `INSERT OR REPLACE INTO ${table} (id, lease, until) VALUES (:id, :lease, :until)`,
    );
    this.#extend = database.prepare(`UPDATE ${table} SET until = :until WHERE id = :id AND lease = :lease`);
    this.#end = database.prepare(`DELETE FROM ${table} WHERE id = :id AND lease = :lease`);
    this.#nextEnd = database.prepare(`SELECT min(until) AS until FROM ${table}`);
  }

  /** @returns the id of the lease */
  begin(id: string, until: number): string {
    const lease = `${this.#prefix}:${++this.#count}`;
    this.#begin.run({ id, lease, until });
    return lease;
  }

  /** @returns false when the lease no longer holds */
  extend(id: string, lease: string, until: number): boolean {
    return Number(this.#extend.run({ id, lease, until }).changes) > 0;
  }

  /**
   * Ends a lease.
   *
   * @param change of what is leased, in the same transaction
   * @returns the result of the change; null when the lease no longer holds: nothing was changed
   */
  end<T>(id: string, lease: string, change: () => T): Promise<T | null> {
    const end = () => (Number(this.#end.run({ id, lease }).changes) > 0 ? change() : null);
    return this.#commits.run(end).catch(unavailable);
  }

  /** When work is due next: what is not leased, or whose lease ends. @param due the next time of the former */
  nextDueAt(due: unknown): number | null {
    const times = [due, this.#nextEnd.get()?.['until']].filter((time) => typeof time === 'number');
    return times.length === 0 ? null : Math.min(...times);
  }
}

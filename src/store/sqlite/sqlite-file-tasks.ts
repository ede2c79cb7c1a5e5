import { randomUUID } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { FileTaskQuery, FileTasks, FileTaskSchedule, LeasedFileTask } from '../file-tasks.ts';
import { attempt, type GroupCommit, unavailable } from './database/group-commit.ts';

/**
 * The file tasks, in a table of the embedded store. As for jobs, leases are kept in memory only: a task that was leased when the process
 * ended is due at once for the next one.
 */
export class SqliteFileTasks implements FileTasks {
  readonly #commits: GroupCommit;
  /** Sets the ids of these leases apart from those of the process that used the folder before. */
  readonly #prefix = randomUUID();
  #count = 0;
  readonly #endOfSlice: StatementSync;
  readonly #addMissing: StatementSync;
  readonly #makeDue: StatementSync;
  readonly #findDue: StatementSync;
  readonly #lease: StatementSync;
  readonly #extend: StatementSync;
  readonly #endLease: StatementSync;
  readonly #release: StatementSync;
  readonly #delete: StatementSync;
  readonly #nextDue: StatementSync;
  readonly #nextLeaseEnd: StatementSync;

  /**
   * @param database the database of the job store, with its tables in memory
   * @param commits those of the job store
   */
  constructor(database: DatabaseSync, commits: GroupCommit) {
    this.#commits = commits;
    this.#endOfSlice = database.prepare(`
      SELECT max(id) AS last FROM (SELECT id FROM jobs WHERE id > :after ORDER BY id LIMIT :limit)`);
    // The ids are compared first, in the indexes: only the rows of jobs without a task are read.
    this.#addMissing = database.prepare(`
      INSERT OR IGNORE INTO file_tasks (job_id, run_at, failure_count)
      SELECT id, :now, 0 FROM jobs
      WHERE id IN (SELECT id FROM jobs WHERE id > :after AND id <= :last EXCEPT SELECT job_id FROM file_tasks WHERE job_id > :after AND job_id <= :last)
        AND phase = 'completed'
        AND (body ->> '$.video.inline' = 1 OR body ->> '$.video.expiresAt' > :now)`);
    // A leased task has its time still in the past.
    this.#makeDue = database.prepare(`
      UPDATE file_tasks SET run_at = :now
      WHERE job_id > :after AND job_id <= :last AND run_at > :now AND failure_count = 0`);
    this.#findDue = database.prepare(`
      SELECT job_id, failure_count FROM file_tasks
      WHERE run_at <= :now AND job_id NOT IN (SELECT job_id FROM file_leases WHERE until > :now)
      ORDER BY run_at LIMIT :limit`);
    this.#lease = database.prepare(
      'INSERT OR REPLACE INTO file_leases (job_id, lease, until) VALUES (:id, :lease, :until)',
    );
    this.#extend = database.prepare(
      'UPDATE file_leases SET until = :until WHERE job_id = :id AND lease = :lease',
    );
    this.#endLease = database.prepare('DELETE FROM file_leases WHERE job_id = :id AND lease = :lease');
    this.#release = database.prepare(
      'UPDATE file_tasks SET run_at = :runAt, failure_count = :failures WHERE job_id = :id',
    );
    this.#delete = database.prepare('DELETE FROM file_tasks WHERE job_id = :id');
    this.#nextDue = database.prepare(`
      SELECT run_at FROM file_tasks
      WHERE NOT EXISTS (SELECT 1 FROM file_leases WHERE file_leases.job_id = file_tasks.job_id)
      ORDER BY run_at LIMIT 1`);
    this.#nextLeaseEnd = database.prepare('SELECT min(until) AS until FROM file_leases');
  }

  addMissing(cursor: string | null, limit: number, now: number): Promise<string | null> {
    return this.#changeSlice(this.#addMissing, cursor, limit, now);
  }

  makeDue(cursor: string | null, limit: number, now: number): Promise<string | null> {
    return this.#changeSlice(this.#makeDue, cursor, limit, now);
  }

  async lease({ now, limit, leaseUntil }: FileTaskQuery): Promise<LeasedFileTask[]> {
    return attempt(() =>
      this.#findDue.all({ now, limit }).map((row) => {
        const jobId = String(row['job_id']);
        const leaseId = `${this.#prefix}:${++this.#count}`;
        this.#lease.run({ id: jobId, lease: leaseId, until: leaseUntil });
        return { jobId, leaseId, failureCount: Number(row['failure_count']) };
      }),
    );
  }

  async extend({ jobId: id, leaseId: lease }: LeasedFileTask, leaseUntil: number): Promise<boolean> {
    return attempt(() => Number(this.#extend.run({ id, lease, until: leaseUntil }).changes) > 0);
  }

  release(task: LeasedFileTask, { runAt, failureCount: failures }: FileTaskSchedule): Promise<boolean> {
    return this.#end(task, (id) => this.#release.run({ id, runAt, failures }));
  }

  complete(task: LeasedFileTask): Promise<boolean> {
    return this.#end(task, (id) => this.#delete.run({ id }));
  }

  async nextDueAt(): Promise<number | null> {
    return attempt(() => {
      const due = this.#nextDue.get()?.['run_at'];
      const leaseEnd = this.#nextLeaseEnd.get()?.['until'];
      const times = [due, leaseEnd].filter((time) => typeof time === 'number');
      return times.length === 0 ? null : Math.min(...times);
    });
  }

  async #changeSlice(
    statement: StatementSync,
    cursor: string | null,
    limit: number,
    now: number,
  ): Promise<string | null> {
    const after = cursor ?? '';
    const last = attempt(() => this.#endOfSlice.get({ after, limit }))?.['last'];
    if (typeof last !== 'string') return null;
    await this.#commits.run(() => statement.run({ after, last, now })).catch(unavailable);
    return last;
  }

  /** @param change of the task, in the transaction that ends its lease */
  #end({ jobId: id, leaseId: lease }: LeasedFileTask, change: (id: string) => void): Promise<boolean> {
    const end = () => {
      const isHeld = Number(this.#endLease.run({ id, lease }).changes) > 0;
      if (isHeld) change(id);
      return isHeld;
    };
    return this.#commits.run(end).catch(unavailable);
  }
}

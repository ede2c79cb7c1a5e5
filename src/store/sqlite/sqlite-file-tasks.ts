import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { FileTaskQuery, FileTasks, FileTaskSchedule, LeasedFileTask } from '../file-tasks.ts';
import { attempt, type GroupCommit, unavailable } from './database/group-commit.ts';
import { Leases } from './database/leases.ts';

/** The file tasks, in a table of the embedded store. As for jobs, leases are kept in memory only. */
export class SqliteFileTasks implements FileTasks {
  readonly #commits: GroupCommit;
  readonly #leases: Leases;
  readonly #endOfSlice: StatementSync;
  readonly #addMissing: StatementSync;
  readonly #makeDue: StatementSync;
  readonly #findDue: StatementSync;
  readonly #release: StatementSync;
  readonly #delete: StatementSync;
  readonly #nextDue: StatementSync;

  /**
   * @param database the database of the job store, with its tables in memory
   * @param commits those of the job store
   */
  constructor(database: DatabaseSync, commits: GroupCommit) {
    this.#commits = commits;
    this.#leases = new Leases(database, commits, 'file_leases');
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
      WHERE run_at <= :now AND job_id NOT IN (SELECT id FROM file_leases WHERE until > :now)
      ORDER BY run_at LIMIT :limit`);
    this.#release = database.prepare(
      'UPDATE file_tasks SET run_at = :runAt, failure_count = :failures WHERE job_id = :id',
    );
    this.#delete = database.prepare('DELETE FROM file_tasks WHERE job_id = :id');
    this.#nextDue = database.prepare(`
      SELECT run_at FROM file_tasks
      WHERE NOT EXISTS (SELECT 1 FROM file_leases WHERE file_leases.id = job_id)
      ORDER BY run_at LIMIT 1`);
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
        const leaseId = this.#leases.begin(jobId, leaseUntil);
        return { jobId, leaseId, failureCount: Number(row['failure_count']) };
      }),
    );
  }

  async extend({ jobId, leaseId }: LeasedFileTask, leaseUntil: number): Promise<boolean> {
    return attempt(() => this.#leases.extend(jobId, leaseId, leaseUntil));
  }

  async release(
    { jobId: id, leaseId }: LeasedFileTask,
    { runAt, failureCount }: FileTaskSchedule,
  ): Promise<boolean> {
    const change = () => this.#release.run({ id, runAt, failures: failureCount });
    return (await this.#leases.end(id, leaseId, change)) !== null;
  }

  async complete({ jobId: id, leaseId }: LeasedFileTask): Promise<boolean> {
    return (await this.#leases.end(id, leaseId, () => this.#delete.run({ id }))) !== null;
  }

  async nextDueAt(): Promise<number | null> {
    return attempt(() => this.#leases.nextDueAt(this.#nextDue.get()?.['run_at']));
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
}

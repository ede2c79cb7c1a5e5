import type { DatabaseSync } from 'node:sqlite';
import {
  type Backlog,
  type BacklogReader,
  countByPhase,
  MAX_COUNTED,
  MAX_OWNERS,
  type QuarantinedRecord,
  type ScheduledJob,
} from '../backlog.ts';
import { attempt } from './database/group-commit.ts';
import { DUE_JOB_COLUMNS, readDueJob, type Row } from './database/rows.ts';
import type { Quarantine } from './quarantine.ts';

const OWNER = 'owner ';

export interface SqliteBacklogOptions {
  /** The database of the job store, with its tables in memory. */
  readonly database: DatabaseSync;
  readonly quarantine: Quarantine;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** The backlog of the embedded store. Triggers of the database keep the counts by phase and owner. */
export class SqliteBacklog implements BacklogReader {
  readonly #quarantine: Quarantine;
  readonly #now: () => number;
  readonly #statements: ReturnType<typeof prepare>;

  constructor({ database, quarantine, now }: SqliteBacklogOptions) {
    this.#quarantine = quarantine;
    this.#now = now;
    this.#statements = prepare(database);
  }

  async read(): Promise<Backlog> {
    const now = this.#now();
    const statements = this.#statements;
    const read = () => {
      const byPhase = new Map(statements.phases.all().map(({ phase, count }) => [phase, Number(count)]));
      const unfinishedByPhase = countByPhase((phase) => byPhase.get(phase) ?? 0);
      const jobs = statements.dueJobs.get({ now, max: MAX_COUNTED });
      const fileTasks = statements.dueFileTasks.get({ now, max: MAX_COUNTED });
      return {
        jobs: dueWork(jobs, statements.oldestJob.get({ now })),
        unfinished: Object.values(unfinishedByPhase).reduce((sum, count) => sum + count, 0),
        unfinishedByPhase,
        owners: statements.owners.all({ limit: MAX_OWNERS }).map(({ scope, count }) => ({
          ownerId: String(scope).slice(OWNER.length),
          unfinished: Number(count),
        })),
        fileTasks: dueWork(fileTasks, statements.oldestFileTask.get({ now })),
        quarantined: this.#quarantine.size,
      };
    };
    return attempt(read);
  }

  async findNearestEnd(limit: number): Promise<ScheduledJob[]> {
    const now = this.#now();
    const select = () => this.#statements.nearestEnd.all({ now, limit });
    return attempt(() => this.#quarantine.readAll(select, readScheduledJob));
  }

  async findQuarantined(limit: number): Promise<QuarantinedRecord[]> {
    return attempt(() =>
      this.#statements.quarantined.all({ limit }).map(({ id, error }) => ({
        id: String(id),
        error: String(error),
      })),
    );
  }
}

function dueWork(counts: Row | undefined, oldest: Row | undefined): Backlog['jobs'] {
  // A leased job or task keeps the time at which it was due.
  const due = Math.max(0, Number(counts?.['due']) - Number(counts?.['leased']));
  const oldestDueAt = oldest === undefined ? null : Number(oldest['at']);
  return { due, oldestDueAt };
}

/** Reads a row of `SCHEDULED_JOB_COLUMNS`. @throws as `readDueJob` */
export function readScheduledJob(row: Row): ScheduledJob {
  const { leased_until: leasedUntil, due } = row;
  const isLeased = leasedUntil !== null;
  return { ...readDueJob(row), runAt: Number(isLeased ? leasedUntil : due), isLeased };
}

/** The columns that `readScheduledJob` needs. */
export const SCHEDULED_JOB_COLUMNS = `${DUE_JOB_COLUMNS}, CAST(due_at AS REAL) AS due,
  (SELECT CAST(until AS REAL) FROM job_leases WHERE job_leases.id = jobs.id AND until > :now) AS leased_until`;

function prepare(database: DatabaseSync) {
  return {
    phases: database.prepare('SELECT phase, count FROM phase_counts'),
    owners: database.prepare(`
      SELECT scope, count FROM unfinished_counts INDEXED BY owners_by_unfinished WHERE scope <> 'all'
      ORDER BY count DESC LIMIT :limit`),
    dueJobs: database.prepare(`
      SELECT (SELECT count(*) FROM (SELECT 1 FROM jobs WHERE due_at IS NOT NULL AND due_at <= :now LIMIT :max)) AS due,
        (SELECT count(*) FROM job_leases WHERE until > :now) AS leased`),
    oldestJob: database.prepare(`
      SELECT CAST(due_at AS REAL) AS at FROM jobs
      WHERE due_at IS NOT NULL AND due_at <= :now
        AND id NOT IN (SELECT id FROM job_leases WHERE until > :now UNION ALL SELECT job_id FROM unreadable)
      ORDER BY due_at LIMIT 1`),
    dueFileTasks: database.prepare(`
      SELECT (SELECT count(*) FROM (SELECT 1 FROM file_tasks WHERE run_at <= :now LIMIT :max)) AS due,
        (SELECT count(*) FROM file_leases WHERE until > :now) AS leased`),
    oldestFileTask: database.prepare(`
      SELECT run_at AS at FROM file_tasks
      WHERE run_at <= :now AND job_id NOT IN (SELECT id FROM file_leases WHERE until > :now)
      ORDER BY run_at LIMIT 1`),
    nearestEnd: database.prepare(`
      SELECT ${SCHEDULED_JOB_COLUMNS} FROM jobs INDEXED BY jobs_by_deadline
      WHERE purge_at IS NULL AND due_at IS NOT NULL AND id NOT IN (SELECT job_id FROM unreadable)
      ORDER BY deadline_at LIMIT :limit`),
    // A record may be hidden before its error is on the disk.
    quarantined: database.prepare(`
      SELECT unreadable.job_id AS id, coalesce(error, 'The record cannot be read.') AS error
      FROM unreadable LEFT JOIN quarantine USING (job_id) ORDER BY id LIMIT :limit`),
  };
}

import type { DatabaseSync } from 'node:sqlite';
import { isFinal, type Job } from '../../domain/job/job.ts';
import type { ScheduledJob } from '../backlog.ts';
import type { OperatorActions, ReleaseRecordOutcome } from '../operator-actions.ts';
import { attempt, type GroupCommit, unavailable } from './database/group-commit.ts';
import type { Quarantine } from './quarantine.ts';
import { readScheduledJob, SCHEDULED_JOB_COLUMNS } from './sqlite-backlog.ts';

export interface SqliteOperatorActionsOptions {
  /** The database of the job store, with its tables in memory. */
  readonly database: DatabaseSync;
  readonly commits: GroupCommit;
  readonly quarantine: Quarantine;
  /** Wakes the poller: the job is due now. */
  readonly publishWork: (job: Job) => void;
}

/** What operators can do about jobs of the embedded store. */
export class SqliteOperatorActions implements OperatorActions {
  readonly #options: SqliteOperatorActionsOptions;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(options: SqliteOperatorActionsOptions) {
    this.#options = options;
    this.#statements = prepare(options.database);
  }

  async releaseRecord(id: string): Promise<ReleaseRecordOutcome> {
    const { commits, quarantine, publishWork } = this.#options;
    const outcome = await commits.run(() => quarantine.readmit(id)).catch(unavailable);
    if (outcome.type === 'released' && !isFinal(outcome.job)) publishWork(outcome.job);
    return outcome;
  }

  async findScheduled(id: string, now: number): Promise<ScheduledJob | null> {
    const select = () => this.#statements.find.all({ id, now });
    return attempt(() => this.#options.quarantine.readAll(select, readScheduledJob))[0] ?? null;
  }

  async makeDue({ job, runAt }: ScheduledJob, now: number): Promise<boolean> {
    const change = () => Number(this.#statements.makeDue.run({ id: job.id, runAt, now }).changes) > 0;
    const isChanged = await this.#options.commits.run(change).catch(unavailable);
    if (isChanged) this.#options.publishWork(job);
    return isChanged;
  }
}

function prepare(database: DatabaseSync) {
  return {
    find: database.prepare(`
      SELECT ${SCHEDULED_JOB_COLUMNS} FROM jobs
      WHERE id = :id AND due_at IS NOT NULL AND id NOT IN (SELECT job_id FROM unreadable)`),
    makeDue: database.prepare(`
      UPDATE jobs SET due_at = :now
      WHERE id = :id AND due_at = :runAt AND id NOT IN (SELECT id FROM job_leases WHERE until > :now)`),
  };
}

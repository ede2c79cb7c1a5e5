import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import type { Job } from '../../../src/domain/job/job.ts';
import type { JobLimits } from '../../../src/store/job-limits.ts';
import { migrate } from '../../../src/store/sqlite/database/migrations.ts';
import { SqliteJobStore } from '../../../src/store/sqlite/sqlite-job-store.ts';
import { leaseAll, createAll, createAndLease } from '../../contract/job-store-cases/opened-store.ts';
import { acceptedJob, failed, limits, nextVersion, record } from '../../support/jobs.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { DAY, NOON, SECOND } from '../../support/times.ts';
import { openSqlite, runSql, sqliteOptions } from './open-sqlite.ts';

const now = () => NOON;

describe('migrations', () => {
  it('migrate an empty database to the newest version, and do not change a database of that version', () => {
    using database = new DatabaseSync(':memory:');
    migrate(database);
    expect(version(database)).toBe(10);
    expect(tables(database)).toEqual([
      'charged_counts',
      'charged_jobs',
      'file_tasks',
      'health_checks',
      'idempotency_keys',
      'jobs',
      'phase_counts',
      'prompt_keys',
      'prompts',
      'prompts_config',
      'prompts_data',
      'prompts_docsize',
      'prompts_filled_from',
      'prompts_idx',
      'prompts_pending',
      'quarantine',
      'secrets',
      'shared_texts',
      'submissions_in_flight',
      'unfinished_counts',
      'upstream_requests',
      'video_data',
      'webhook_deliveries',
    ]);
    migrate(database);
    expect(version(database)).toBe(10);
  });

  it('add the creation time and the charge to jobs from before the limits', async () => {
    using folder = tempFolder();
    const jobs = [acceptedJob(), acceptedJob(), acceptedJob()];
    const ends = new Map([
      [jobs[1]?.id, (job: Job) => failed(job, NOON, 'NO')],
      [jobs[2]?.id, (job: Job) => failed(job, NOON, 'UNKNOWN')],
    ]);
    {
      await using first = new SqliteJobStore(sqliteOptions(folder.path, { now }));
      await createAll(first, jobs);
      for (const leased of await leaseAll(first, NOON)) {
        const end = ends.get(leased.job.id);
        if (end !== undefined) await first.save(leased.leaseId, { job: end(leased.job), schedule: null });
      }
    }
    forgetLimits(folder.path);
    await using store = new SqliteJobStore(sqliteOptions(folder.path, { now }));
    const create = (change: Partial<JobLimits>) =>
      store.create(record(acceptedJob(), { limits: limits(change) }));
    expect(await create({ unfinishedPerOwner: 1 })).toMatchObject({ type: 'refused' });
    expect(await create({ perDay: 2 })).toEqual({ type: 'refused', limit: 'perDay', retryAfterMs: DAY });
    expect(await create({ perDay: 3, unfinishedPerOwner: 2 })).toEqual({ type: 'created' });
  });

  it('make jobs due that had a lease on the disk', async () => {
    using folder = tempFolder();
    const jobs = [acceptedJob(), acceptedJob({ createdAt: NOON + 5 * SECOND })];
    const [leased, later] = jobs;
    {
      await using first = new SqliteJobStore(sqliteOptions(folder.path, { now }));
      await createAll(first, jobs);
    }
    bringLeasesBack(folder.path, leased);
    await using store = new SqliteJobStore(sqliteOptions(folder.path, { now }));
    expect((await leaseAll(store, NOON)).map(({ job }) => job)).toEqual([leased]);
    expect((await leaseAll(store, NOON + 5 * SECOND)).map(({ job }) => job)).toEqual([later]);
  });

  it('keep jobs, schedules and leases when notes are added', async () => {
    await using opened = openSqlite({ now });
    const leased = await createAndLease(opened.store, acceptedJob());
    const queued = nextVersion(leased.job, { phase: 'queued' });
    await opened.store.save(leased.leaseId, {
      job: queued,
      schedule: { runAt: NOON + 5, failureCount: 2, lastPolledAt: 3 },
    });
    await opened.store[Symbol.asyncDispose]();
    forgetNotes(opened.folder);
    // An older Reelgate wrote the row without notes.
    runSql(
      opened.folder,
      "UPDATE jobs SET body = json_remove(body, '$.lostAnswer', '$.sentAt', '$.waitingFor')",
    );
    await using store = new SqliteJobStore(sqliteOptions(opened.folder, { now }));
    expect(await store.nextDueAt()).toBe(NOON + 5);
    const [again] = await leaseAll(store, NOON + 5);
    expect(again).toMatchObject({ job: queued, failureCount: 2, lastPolledAt: 3, notes: {} });
    expect(await store.health()).toEqual({ quarantined: 0 });
  });

  it('keep the learned durations', () => {
    using database = new DatabaseSync(':memory:');
    migrate(database);
    forgetSharedDurations(database);
    migrate(database);
    const texts = database.prepare('SELECT name, text FROM shared_texts').all();
    expect(texts).toEqual([{ name: 'durations', text: '{"sandbox*1 run":[2.5,26.75,287.125]}' }]);
  });

  it('roll back everything when one fails', async () => {
    using folder = tempFolder();
    {
      using database = new DatabaseSync(join(folder.path, 'reelgate.sqlite'));
      // This table makes the last statement fail.
      database.exec('CREATE TABLE video_data (other TEXT)');
    }
    expect(() => new SqliteJobStore(sqliteOptions(folder.path, { now }))).toThrow('already exists');
    {
      using database = new DatabaseSync(join(folder.path, 'reelgate.sqlite'));
      expect(tables(database)).toEqual(['video_data']);
      expect(version(database)).toBe(0);
      database.exec('DROP TABLE video_data');
    }
    // The failed attempt released the folder.
    await using store = new SqliteJobStore(sqliteOptions(folder.path, { now }));
    expect(await store.nextDueAt()).toBeNull();
  });

  it('refuse a database of a newer Reelgate, change nothing, and release the folder', async () => {
    using folder = tempFolder();
    const first = new SqliteJobStore(sqliteOptions(folder.path, { now }));
    await first[Symbol.asyncDispose]();
    setVersion(folder.path, 11);
    expect(() => new SqliteJobStore(sqliteOptions(folder.path, { now }))).toThrow(
      'The database has schema version 11, but this Reelgate supports versions up to 10: a newer Reelgate wrote it.',
    );
    setVersion(folder.path, 10);
    await using store = new SqliteJobStore(sqliteOptions(folder.path, { now }));
    expect(await store.nextDueAt()).toBeNull();
  });
});

/** Downgrades a database to before version 7. */
function forgetHistory(database: DatabaseSync): void {
  database.exec(`
    DROP TRIGGER count_new_phase; DROP TRIGGER count_changed_phase; DROP TRIGGER count_deleted_phase; DROP TABLE phase_counts;
    DROP TRIGGER count_new_job; DROP TRIGGER count_reopened_job; DROP TRIGGER count_ended_job; DROP TRIGGER count_deleted_job;
    DROP TRIGGER add_prompt; DROP TRIGGER show_prompt; DROP TRIGGER hide_prompt; DROP TRIGGER delete_prompt;
    DROP TABLE prompts; DROP TABLE prompt_keys; DROP TABLE prompts_pending; DROP TABLE prompts_filled_from;
    DROP TRIGGER charge_new_job; DROP TRIGGER uncharge_job;
    DROP TABLE webhook_deliveries; DROP TABLE file_tasks; DROP TABLE unfinished_counts; DROP TABLE charged_jobs; DROP TABLE charged_counts;
    DROP INDEX jobs_by_owner_and_phase; ALTER TABLE jobs DROP COLUMN hidden;
    CREATE INDEX jobs_by_owner ON jobs (owner_id, id);
    CREATE INDEX jobs_unfinished_by_owner ON jobs (owner_id) WHERE purge_at IS NULL;
    CREATE INDEX jobs_by_creation ON jobs (created_at) WHERE uncharged = 0;
    CREATE INDEX jobs_by_creation_of_owner ON jobs (owner_id, created_at) WHERE uncharged = 0;
    PRAGMA user_version = 6`);
}

/** Downgrades a database to before version 6, with a learned duration. */
function forgetSharedDurations(database: DatabaseSync): void {
  forgetHistory(database);
  database.exec(`
    CREATE TABLE durations (
      name TEXT PRIMARY KEY, weight REAL NOT NULL, sum REAL NOT NULL, squares REAL NOT NULL
    ) STRICT, WITHOUT ROWID;
    INSERT INTO durations VALUES ('sandbox*1 run', 2.5, 26.75, 287.125); PRAGMA user_version = 5`);
}

/** Downgrades a database to before version 5. */
function forgetNotes(folder: string): void {
  using database = new DatabaseSync(join(folder, 'reelgate.sqlite'));
  forgetSharedDurations(database);
  database.exec(`
    DROP INDEX jobs_by_due; DROP INDEX jobs_accepted;
    ALTER TABLE jobs DROP COLUMN notes; ALTER TABLE jobs DROP COLUMN saved_by;
    CREATE INDEX jobs_by_due ON jobs (due_at) WHERE due_at IS NOT NULL;
    CREATE INDEX jobs_by_urgency ON jobs (due_at) WHERE due_at IS NOT NULL AND phase IN ('accepted', 'submitting', 'collecting');
    DROP TABLE quarantine; DROP TABLE submissions_in_flight; DROP TABLE upstream_requests; DROP TABLE shared_texts;
    DROP TABLE health_checks; PRAGMA user_version = 4`);
}

/** Downgrades a database to before version 4, with a lease on a job. */
function bringLeasesBack(folder: string, job?: Job): void {
  forgetNotes(folder);
  using database = new DatabaseSync(join(folder, 'reelgate.sqlite'));
  database.exec(`
    DROP INDEX jobs_by_deadline; DROP INDEX jobs_unfinished_by_owner;
    CREATE INDEX jobs_by_deadline ON jobs (deadline_at) WHERE due_at IS NOT NULL;
    CREATE INDEX jobs_unfinished_by_owner ON jobs (owner_id) WHERE due_at IS NOT NULL;
    ALTER TABLE jobs ADD COLUMN lease TEXT;
    UPDATE jobs SET lease = 'lost', due_at = ${NOON + DAY} WHERE id = '${job?.id}';
    PRAGMA user_version = 3`);
}

/** Downgrades a database to before version 3. */
function forgetLimits(folder: string): void {
  bringLeasesBack(folder);
  using database = new DatabaseSync(join(folder, 'reelgate.sqlite'));
  database.exec(`
    DROP INDEX jobs_unfinished_by_owner; DROP INDEX jobs_by_creation; DROP INDEX jobs_by_creation_of_owner;
    ALTER TABLE jobs DROP COLUMN created_at; ALTER TABLE jobs DROP COLUMN uncharged; DROP TABLE secrets; PRAGMA user_version = 2`);
}

function setVersion(folder: string, to: number): void {
  using database = new DatabaseSync(join(folder, 'reelgate.sqlite'));
  expect(version(database)).not.toBe(to);
  database.exec(`PRAGMA user_version = ${to}`);
}

function version(database: DatabaseSync): unknown {
  return database.prepare('PRAGMA user_version').get()?.['user_version'];
}

function tables(database: DatabaseSync): unknown[] {
  const rows = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
  return rows.map((row) => row['name']);
}

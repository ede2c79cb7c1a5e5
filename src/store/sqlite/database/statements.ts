import type { DatabaseSync } from 'node:sqlite';
import { URGENT_PHASES } from '../../job-store.ts';
import { DUE_JOB_COLUMNS, JOB_COLUMNS } from './rows.ts';

/**
 * Tables of this process, in memory: a lease writes nothing to the disk and ends with the process. A rollback covers these tables as
 * well.
 */
const IN_MEMORY = `
  PRAGMA temp_store = MEMORY;
  CREATE TEMP TABLE job_leases (
    id           TEXT PRIMARY KEY,          -- of the job
    lease        TEXT NOT NULL,             -- its id
    until        INTEGER NOT NULL           -- then the job may be leased again
  ) STRICT, WITHOUT ROWID;
  CREATE TEMP TABLE file_leases (
    id           TEXT PRIMARY KEY,          -- of the job
    lease        TEXT NOT NULL,
    until        INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TEMP TABLE delivery_leases (
    id           TEXT PRIMARY KEY,
    lease        TEXT NOT NULL,
    until        INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TEMP TRIGGER end_delivery_lease AFTER DELETE ON webhook_deliveries BEGIN
    DELETE FROM delivery_leases WHERE id = old.id;
  END;
  CREATE TEMP TABLE unreadable (
    job_id       TEXT PRIMARY KEY           -- quarantined, or about to be
  ) STRICT, WITHOUT ROWID`;

const READABLE = 'id NOT IN (SELECT job_id FROM unreadable)';
/** The exclusions are one set: with one condition each, 10,000 due jobs take five times as long. */
const DUE = `
  due_at IS NOT NULL AND due_at <= :now AND id NOT IN (
    SELECT id FROM job_leases WHERE until > :now
    UNION ALL SELECT value FROM json_each(:except)
    UNION ALL SELECT job_id FROM unreadable)`;
const DUE_IN_TIME = `${DUE} AND deadline_at > :now`;
/** See the port's `PHASE_PRIORITY`. */
const PRIORITY = `
  CASE WHEN faults > 0 THEN -1 WHEN phase IN (${URGENT_PHASES.map((phase) => `'${phase}'`).join(', ')}) THEN 1 ELSE 0 END`;

/** The statements of the store, prepared once. */
export type Statements = ReturnType<typeof prepareStatements>;

/** Prepares the statements on a migrated database. */
export function prepareStatements(database: DatabaseSync) {
  database.exec(IN_MEMORY);
  return {
    findKey: database.prepare(`
      SELECT fingerprint, ${JOB_COLUMNS.replace('owner_id', 'jobs.owner_id')}
      FROM idempotency_keys LEFT JOIN jobs ON jobs.id = job_id
      WHERE idempotency_keys.owner_id = :owner AND key = :key AND expires_at > :now`),
    putKey: database.prepare(`
      INSERT OR REPLACE INTO idempotency_keys (owner_id, key, job_id, fingerprint, expires_at)
      VALUES (:owner, :key, :job, :fingerprint, :expires)`),
    countUnfinished: database.prepare('SELECT count FROM unfinished_counts WHERE scope = :scope'),
    countCharged: database.prepare(
      'SELECT total(count) AS count FROM charged_counts WHERE scope = :scope AND minute >= :minute',
    ),
    chargedMinutes: database.prepare(`
      SELECT minute, count FROM charged_counts WHERE scope = :scope AND minute >= :minute ORDER BY minute DESC`),
    charged: database.prepare(charged('')),
    chargedOfOwner: database.prepare(charged('owner_id = :owner AND')),
    insertJob: database.prepare(`
      INSERT INTO jobs (id, owner_id, version, phase, body, deadline_at, due_at, faults, created_at)
      VALUES (:id, :owner, :version, :phase, :body, :deadline, :due, 0, :created)`),

    getJob: database.prepare(`SELECT ${JOB_COLUMNS} FROM jobs WHERE id = ?`),
    getReadableJob: database.prepare(`SELECT ${JOB_COLUMNS} FROM jobs WHERE id = ? AND ${READABLE}`),
    hasJob: database.prepare('SELECT 1 FROM jobs WHERE id = :id'),
    getVideoData: database.prepare('SELECT base64 FROM video_data WHERE job_id = :id'),
    putVideoData: database.prepare(
      'INSERT OR REPLACE INTO video_data (job_id, base64) VALUES (:id, :base64)',
    ),
    deleteVideoData: database.prepare('DELETE FROM video_data WHERE job_id = :id'),
    listAscending: database.prepare(list('ASC')),
    listDescending: database.prepare(list('DESC')),

    findExpired: database.prepare(`
      SELECT ${DUE_JOB_COLUMNS} FROM jobs
      WHERE purge_at IS NULL AND ${DUE} AND deadline_at <= :now ORDER BY deadline_at LIMIT :limit`),
    findDue: database.prepare(
      `SELECT ${DUE_JOB_COLUMNS} FROM jobs WHERE ${DUE_IN_TIME} ORDER BY due_at LIMIT :limit`,
    ),
    findPreferred: database.prepare(`
      SELECT ${DUE_JOB_COLUMNS} FROM jobs
      WHERE id IN (SELECT value FROM json_each(:ids)) AND ${DUE_IN_TIME}`),
    countDue: database.prepare(
      `SELECT count(*) AS count FROM (SELECT 1 FROM jobs WHERE ${DUE_IN_TIME} LIMIT :limit)`,
    ),
    // An index covers this query. A window function that numbers the jobs of each group would take three times as long.
    findGroups: database.prepare(
      `SELECT rowid AS row, ${PRIORITY} || ' ' || owner_id AS owner_and_priority FROM jobs WHERE ${DUE_IN_TIME} ORDER BY due_at`,
    ),
    getDueJobs: database.prepare(`
      SELECT ${DUE_JOB_COLUMNS} FROM jobs
      WHERE rowid IN (SELECT value FROM json_each(:rows)) AND ${READABLE} ORDER BY due_at`),
    findWaiting: database.prepare(`
      SELECT ${JOB_COLUMNS}, CAST(due_at AS REAL) AS due FROM jobs INDEXED BY jobs_accepted
      WHERE due_at IS NOT NULL AND phase = 'accepted' AND version = 1 AND due_at < :before
        AND id NOT IN (SELECT id FROM job_leases UNION ALL SELECT job_id FROM unreadable)
      ORDER BY due_at LIMIT :limit`),
    countAccepted: database.prepare(`
      SELECT count(*) AS count FROM jobs INDEXED BY jobs_accepted
      WHERE due_at IS NOT NULL AND phase = 'accepted' AND due_at >= :from AND due_at < :before`),
    endLeases: database.prepare('DELETE FROM job_leases WHERE id = :id'),
    saveAndRelease: database.prepare(`
      UPDATE jobs SET
        version = :version, phase = :phase, body = :body, deadline_at = :deadline, saved_by = :lease, due_at = :due, faults = :faults,
        seen_at = :seen, notes = :notes, purge_at = :purge, uncharged = :uncharged
      WHERE id = :id AND version = :version - 1`),
    saveAndKeep: database.prepare(`
      UPDATE jobs SET version = :version, phase = :phase, body = :body, deadline_at = :deadline, saved_by = :lease
      WHERE id = :id AND version = :version - 1`),
    isStored: database.prepare(`
      SELECT version = :version AND body = :body AND saved_by = :lease AS stored FROM jobs WHERE id = :id`),
    release: database.prepare(
      'UPDATE jobs SET due_at = :due, faults = :faults, seen_at = :seen, notes = :notes WHERE id = :id',
    ),
    nextDue: database.prepare(`
      SELECT CAST(due_at AS REAL) AS due FROM jobs
      WHERE due_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM job_leases WHERE job_leases.id = jobs.id) AND ${READABLE}
      ORDER BY due_at LIMIT 1`),
    rescheduleFar: database.prepare('UPDATE jobs SET due_at = :now WHERE due_at > :latest'),

    quarantined: database.prepare('SELECT job_id FROM quarantine'),
    countUnreadable: database.prepare('SELECT count(*) AS count FROM unreadable'),
    isHidden: database.prepare('SELECT 1 FROM unreadable WHERE job_id = :id'),
    hide: database.prepare('INSERT OR IGNORE INTO unreadable (job_id) VALUES (:id)'),
    unhide: database.prepare('DELETE FROM unreadable WHERE job_id = :id'),
    quarantine: database.prepare(
      'INSERT OR REPLACE INTO quarantine (job_id, error, since) VALUES (:id, :error, :now)',
    ),
    endQuarantine: database.prepare('DELETE FROM quarantine WHERE job_id = :id'),
    unschedule: database.prepare(`
      UPDATE jobs SET hidden = 1, due_at = NULL, purge_at = coalesce(purge_at, max(:purge, created_at + :kept), :purge) WHERE id = :id`),
    show: database.prepare('UPDATE jobs SET hidden = 0 WHERE id = :id'),
    reschedule: database.prepare('UPDATE jobs SET due_at = :now, purge_at = NULL WHERE id = :id'),

    getPhase: database.prepare('SELECT phase FROM jobs WHERE id = :id AND owner_id = :owner'),
    deleteJob: database.prepare('DELETE FROM jobs WHERE id = :id'),
    addFileTask: database.prepare(
      'INSERT OR IGNORE INTO file_tasks (job_id, run_at, failure_count) VALUES (:id, :runAt, 0)',
    ),
    runFileTask: database.prepare(
      'UPDATE file_tasks SET run_at = min(run_at, :now), failure_count = 0 WHERE job_id = :id',
    ),
    endFileLease: database.prepare('DELETE FROM file_leases WHERE id = :id'),
    // A job that ended before may end again, after its record was repaired.
    addDelivery: database.prepare(`
      INSERT OR REPLACE INTO webhook_deliveries (id, job_id, url, attempts, next_attempt_at) VALUES (:id, :job, :url, 0, :now)`),
    // What is not announced yet outlives the job.
    keepDeliveries: database.prepare(`
      UPDATE webhook_deliveries SET (job, purge_at) = (SELECT body, purge_at FROM jobs WHERE jobs.id = :id)
      WHERE job_id = :id AND next_attempt_at IS NOT NULL`),
    deleteDeliveries: database.prepare('DELETE FROM webhook_deliveries WHERE job_id = :id AND job IS NULL'),

    checkHealth: database.prepare('UPDATE health_checks SET count = count + 1'),

    findPurged: database.prepare(`
      SELECT id, octet_length(base64) AS size FROM jobs LEFT JOIN video_data ON job_id = id
      WHERE purge_at IS NOT NULL AND purge_at <= :now ORDER BY purge_at LIMIT :limit`),
    purgeCharged: database.prepare(`
      DELETE FROM charged_jobs WHERE (owner_id, created_at, job_id) IN (
        SELECT owner_id, created_at, job_id FROM charged_jobs WHERE created_at < :before ORDER BY created_at LIMIT :limit)`),
    purgeChargedCounts: database.prepare(`
      DELETE FROM charged_counts WHERE (scope, minute) IN (
        SELECT scope, minute FROM charged_counts WHERE minute < :before / 60000 ORDER BY minute LIMIT :limit)`),
    purgeDeliveries: database.prepare(`
      DELETE FROM webhook_deliveries WHERE id IN (
        SELECT id FROM webhook_deliveries WHERE purge_at <= :now ORDER BY purge_at LIMIT :limit)`),
    purgeKeys: database.prepare(`
      DELETE FROM idempotency_keys WHERE (owner_id, key) IN (
        SELECT owner_id, key FROM idempotency_keys WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit)`),
    purgeInFlight: database.prepare(`
      DELETE FROM submissions_in_flight WHERE (fingerprint, job_id) IN (
        SELECT fingerprint, job_id FROM submissions_in_flight WHERE begun_at <= :before LIMIT :limit)`),
    purgeUpstreamRequests: database.prepare(`
      DELETE FROM upstream_requests WHERE upstream_id IN (
        SELECT upstream_id FROM upstream_requests WHERE known_since <= :before ORDER BY known_since LIMIT :limit)`),
  };
}

/** Selects the time of a job by its position among the charged jobs of a time span, the newest first. */
function charged(whose: string): string {
  return `
    SELECT created_at FROM charged_jobs WHERE ${whose} created_at >= :from AND created_at < :until
    ORDER BY created_at DESC LIMIT 1 OFFSET :position`;
}

/** Selects ids by an index that has no other rows. */
function list(order: 'ASC' | 'DESC'): string {
  return `
    SELECT id FROM jobs
    WHERE hidden = 0 AND owner_id = :owner AND phase = :phase AND id < :older AND id > :newer AND ${READABLE}
    ORDER BY id ${order} LIMIT :limit`;
}

import type { DatabaseSync } from 'node:sqlite';

/**
 * Who has which job. The folder has one process, and with that its leases end: they are kept in memory, so that claiming
 * a job writes nothing to the disk. What is undone with a transaction is undone here too.
 */
const LEASES = `
  PRAGMA temp_store = MEMORY;
  CREATE TEMP TABLE leases (
    job_id       TEXT PRIMARY KEY,
    lease        TEXT NOT NULL,             -- names the claim
    until        INTEGER NOT NULL           -- then the job may be claimed by another
  ) STRICT, WITHOUT ROWID`;

const DUE = `
  due_at IS NOT NULL AND due_at <= :now
  AND NOT EXISTS (SELECT 1 FROM leases WHERE job_id = id AND until > :now)`;
const HELD = 'EXISTS (SELECT 1 FROM leases WHERE job_id = :id AND lease = :lease)';

/** Every statement of the store, prepared once. */
export type Statements = ReturnType<typeof prepareStatements>;

/** Prepares the statements on a migrated database. */
export function prepareStatements(database: DatabaseSync) {
  database.exec(LEASES);
  return {
    findKey: database.prepare(`
      SELECT fingerprint, body FROM idempotency_keys JOIN jobs ON jobs.id = job_id
      WHERE idempotency_keys.owner_id = :owner AND key = :key AND expires_at > :now`),
    putKey: database.prepare(`
      INSERT OR REPLACE INTO idempotency_keys (owner_id, key, job_id, fingerprint, expires_at)
      VALUES (:owner, :key, :job, :fingerprint, :expires)`),
    countUnfinished: database.prepare('SELECT count(*) AS count FROM jobs WHERE due_at IS NOT NULL'),
    countUnfinishedOfOwner: database.prepare(
      'SELECT count(*) AS count FROM jobs WHERE owner_id = :owner AND purge_at IS NULL',
    ),
    lastToGo: database.prepare(lastToGo('')),
    lastToGoOfOwner: database.prepare(lastToGo('owner_id = :owner AND')),
    insertJob: database.prepare(`
      INSERT INTO jobs (id, owner_id, version, phase, body, deadline_at, due_at, faults, created_at)
      VALUES (:id, :owner, :version, :phase, :body, :deadline, :due, 0, :created)`),

    getJob: database.prepare('SELECT body FROM jobs WHERE id = ?'),
    getVideoData: database.prepare('SELECT base64 FROM video_data WHERE job_id = :id'),
    putVideoData: database.prepare(
      'INSERT OR REPLACE INTO video_data (job_id, base64) VALUES (:id, :base64)',
    ),
    listAscending: database.prepare(list('ASC')),
    listDescending: database.prepare(list('DESC')),

    findExpired: database.prepare(`
      SELECT body, faults, seen_at FROM jobs
      WHERE purge_at IS NULL AND ${DUE} AND deadline_at <= :now ORDER BY deadline_at LIMIT :limit`),
    findDue: database.prepare(`
      SELECT body, faults, seen_at FROM jobs WHERE ${DUE} AND deadline_at > :now ORDER BY due_at LIMIT :limit`),
    findUrgent: database.prepare(`
      SELECT body, faults, seen_at FROM jobs
      WHERE phase IN ('accepted', 'submitting', 'collecting') AND ${DUE} AND deadline_at > :now
      ORDER BY due_at LIMIT :limit`),
    lease: database.prepare(
      'INSERT OR REPLACE INTO leases (job_id, lease, until) VALUES (:id, :lease, :until)',
    ),
    endLease: database.prepare('DELETE FROM leases WHERE job_id = :id AND lease = :lease'),
    saveAndRelease: database.prepare(`
      UPDATE jobs SET version = :version, phase = :phase, body = :body, due_at = :due, faults = :faults, seen_at = :seen, purge_at = :purge, uncharged = :uncharged
      WHERE id = :id AND version = :version - 1 AND ${HELD}`),
    saveAndKeep: database.prepare(`
      UPDATE jobs SET version = :version, phase = :phase, body = :body
      WHERE id = :id AND version = :version - 1 AND ${HELD}`),
    release: database.prepare(
      'UPDATE jobs SET due_at = :due, faults = :faults, seen_at = :seen WHERE id = :id',
    ),
    nextDue: database.prepare(`
      SELECT due_at AS due FROM jobs
      WHERE due_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM leases WHERE job_id = id) ORDER BY due_at LIMIT 1`),
    nextLeaseEnd: database.prepare('SELECT min(until) AS until FROM leases'),

    purgeVideoData: database.prepare(`
      DELETE FROM video_data WHERE job_id IN (
        SELECT id FROM jobs WHERE purge_at IS NOT NULL AND purge_at <= :now ORDER BY purge_at LIMIT :limit)`),
    purgeJobs: database.prepare(`
      DELETE FROM jobs WHERE id IN (
        SELECT id FROM jobs WHERE purge_at IS NOT NULL AND purge_at <= :now ORDER BY purge_at LIMIT :limit)`),
    purgeKeys: database.prepare(`
      DELETE FROM idempotency_keys WHERE (owner_id, key) IN (
        SELECT owner_id, key FROM idempotency_keys WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit)`),
  };
}

/** The job that has to fall out of the day before another may be accepted; none when there is room. */
function lastToGo(whose: string): string {
  return `
    SELECT created_at FROM jobs WHERE ${whose} uncharged = 0 AND created_at > :since
    ORDER BY created_at DESC LIMIT 1 OFFSET :limit - 1`;
}

function list(order: 'ASC' | 'DESC'): string {
  return `
    SELECT body FROM jobs
    WHERE owner_id = :owner
      AND (:older IS NULL OR id < :older) AND (:newer IS NULL OR id > :newer)
      AND (:phases IS NULL OR phase IN (SELECT value FROM json_each(:phases)))
    ORDER BY id ${order} LIMIT :limit`;
}

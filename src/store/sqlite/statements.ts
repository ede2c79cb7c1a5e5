import type { DatabaseSync } from 'node:sqlite';

/** Every statement of the store, prepared once. */
export type Statements = ReturnType<typeof prepareStatements>;

/** Prepares the statements on a migrated database. */
export function prepareStatements(database: DatabaseSync) {
  return {
    voidLeases: database.prepare('UPDATE jobs SET due_at = :now, lease = NULL WHERE lease IS NOT NULL'),

    findKey: database.prepare(`
      SELECT fingerprint, body FROM idempotency_keys JOIN jobs ON jobs.id = job_id
      WHERE idempotency_keys.owner_id = :owner AND key = :key AND expires_at > :now`),
    putKey: database.prepare(`
      INSERT OR REPLACE INTO idempotency_keys (owner_id, key, job_id, fingerprint, expires_at)
      VALUES (:owner, :key, :job, :fingerprint, :expires)`),
    countUnfinished: database.prepare('SELECT count(*) AS count FROM jobs WHERE due_at IS NOT NULL'),
    countUnfinishedOfOwner: database.prepare(
      'SELECT count(*) AS count FROM jobs WHERE owner_id = :owner AND due_at IS NOT NULL',
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
      WHERE due_at IS NOT NULL AND deadline_at <= :now AND due_at <= :now ORDER BY deadline_at LIMIT :limit`),
    findDue: database.prepare(`
      SELECT body, faults, seen_at FROM jobs
      WHERE due_at IS NOT NULL AND due_at <= :now AND deadline_at > :now ORDER BY due_at LIMIT :limit`),
    findUrgent: database.prepare(`
      SELECT body, faults, seen_at FROM jobs
      WHERE due_at IS NOT NULL AND phase IN ('accepted', 'submitting', 'collecting')
        AND due_at <= :now AND deadline_at > :now ORDER BY due_at LIMIT :limit`),
    lease: database.prepare('UPDATE jobs SET lease = :lease, due_at = :until WHERE id = :id'),
    saveAndRelease: database.prepare(`
      UPDATE jobs SET version = :version, phase = :phase, body = :body, due_at = :due, faults = :faults, seen_at = :seen, lease = NULL, purge_at = :purge, uncharged = :uncharged
      WHERE id = :id AND lease = :lease AND version = :version - 1`),
    saveAndKeep: database.prepare(`
      UPDATE jobs SET version = :version, phase = :phase, body = :body
      WHERE id = :id AND lease = :lease AND version = :version - 1`),
    release: database.prepare(
      'UPDATE jobs SET due_at = :due, faults = :faults, seen_at = :seen, lease = NULL WHERE id = :id AND lease = :lease',
    ),
    nextDue: database.prepare('SELECT min(due_at) AS due FROM jobs WHERE due_at IS NOT NULL'),

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

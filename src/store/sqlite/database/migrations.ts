import type { DatabaseSync } from 'node:sqlite';

/** A newer Reelgate wrote the database. */
export class NewerDatabaseError extends Error {
  override readonly name = 'NewerDatabaseError';
}

/** The schema's history: each entry migrates from the version of its index to the next. Never edit a released entry. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE jobs (
    id           TEXT PRIMARY KEY,
    owner_id     TEXT NOT NULL,
    version      INTEGER NOT NULL,
    phase        TEXT NOT NULL,
    body         TEXT NOT NULL,              -- the whole Job as JSON; the columns beside it are for searching
    deadline_at  INTEGER NOT NULL,
    due_at       INTEGER,                    -- null when final; while leased, when the lease runs out
    faults       INTEGER NOT NULL,           -- failed calls in a row
    lease        TEXT,                       -- names the claim; null when nobody has the job
    purge_at     INTEGER                     -- null until final
  ) STRICT;
  CREATE INDEX jobs_by_owner ON jobs (owner_id, id);
  CREATE INDEX jobs_by_due ON jobs (due_at) WHERE due_at IS NOT NULL;
  CREATE INDEX jobs_by_deadline ON jobs (deadline_at) WHERE due_at IS NOT NULL;
  CREATE INDEX jobs_by_purge ON jobs (purge_at) WHERE purge_at IS NOT NULL;

  CREATE TABLE idempotency_keys (
    owner_id     TEXT NOT NULL,
    key          TEXT NOT NULL,
    job_id       TEXT NOT NULL,
    fingerprint  TEXT NOT NULL,
    expires_at   INTEGER NOT NULL,
    PRIMARY KEY (owner_id, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);

  CREATE TABLE video_data (
    job_id       TEXT PRIMARY KEY,
    base64       TEXT NOT NULL
  ) STRICT;
  `,
  `
  ALTER TABLE jobs ADD COLUMN seen_at INTEGER;  -- when the upstream last told that it was not done
  CREATE INDEX jobs_by_urgency ON jobs (due_at) WHERE due_at IS NOT NULL AND phase IN ('accepted', 'submitting', 'collecting');

  CREATE TABLE durations (
    name         TEXT PRIMARY KEY,
    weight       REAL NOT NULL,
    sum          REAL NOT NULL,
    squares      REAL NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE secrets (
    name         TEXT PRIMARY KEY,
    value        BLOB NOT NULL
  ) STRICT, WITHOUT ROWID;
  ALTER TABLE jobs ADD COLUMN created_at INTEGER;
  ALTER TABLE jobs ADD COLUMN uncharged INTEGER NOT NULL DEFAULT 0;  -- 1 when it ended for certain without cost
  UPDATE jobs SET
    created_at = body ->> '$.createdAt',
    uncharged = phase = 'failed' AND body ->> '$.failure.charged' IS 'NO';
  CREATE INDEX jobs_unfinished_by_owner ON jobs (owner_id) WHERE due_at IS NOT NULL;
  CREATE INDEX jobs_by_creation ON jobs (created_at) WHERE uncharged = 0;
  CREATE INDEX jobs_by_creation_of_owner ON jobs (owner_id, created_at) WHERE uncharged = 0;
  `,
  // Leases moved into memory, so a job that was leased is due. A poll does not touch an index whose condition names no column that the
  // poll changes.
  `
  UPDATE jobs SET due_at = created_at WHERE lease IS NOT NULL;
  ALTER TABLE jobs DROP COLUMN lease;
  DROP INDEX jobs_by_deadline;
  DROP INDEX jobs_unfinished_by_owner;
  CREATE INDEX jobs_by_deadline ON jobs (deadline_at) WHERE purge_at IS NULL;
  CREATE INDEX jobs_unfinished_by_owner ON jobs (owner_id) WHERE purge_at IS NULL;
  `,
  // To repair a quarantined job: stop the gateway, correct the row's body so that it is a job and agrees with the columns id, owner_id,
  // version and phase, and start the gateway. A repaired job that is not final is due at once.
  `
  ALTER TABLE jobs ADD COLUMN notes TEXT;     -- the PollNotes as JSON; null when there are none
  ALTER TABLE jobs ADD COLUMN saved_by TEXT;  -- the lease that stored this version; null for the first
  DROP INDEX jobs_by_urgency;
  DROP INDEX jobs_by_due;
  -- Holds all that decides which jobs are offered to a poller, so that their bodies are not read for it.
  CREATE INDEX jobs_by_due ON jobs (due_at, deadline_at, owner_id, faults, phase, id) WHERE due_at IS NOT NULL;
  CREATE INDEX jobs_accepted ON jobs (due_at, version, id) WHERE due_at IS NOT NULL AND phase = 'accepted';

  CREATE TABLE quarantine (
    job_id       TEXT PRIMARY KEY,           -- a job whose row cannot be read: it is not due, and shown to nobody
    error        TEXT NOT NULL,
    since        INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE submissions_in_flight (
    fingerprint  TEXT NOT NULL,              -- of the inputs
    job_id       TEXT NOT NULL,
    begun_at     INTEGER NOT NULL,
    PRIMARY KEY (fingerprint, job_id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE upstream_requests (
    upstream_id  TEXT PRIMARY KEY,
    job_id       TEXT NOT NULL,              -- the one job that the request belongs to
    known_since  INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX upstream_requests_by_age ON upstream_requests (known_since);

  CREATE TABLE shared_texts (
    name         TEXT PRIMARY KEY,
    text         TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE health_checks (count INTEGER NOT NULL) STRICT;  -- one row, changed by each check that the store can write
  INSERT INTO health_checks (count) VALUES (0);
  `,
  // The learned durations are one text, as in Redis.
  `
  INSERT INTO shared_texts (name, text)
  SELECT 'durations', json_group_object(name, json_array(weight, sum, squares)) FROM durations HAVING count(*) > 0;
  DROP TABLE durations;
  `,
  // The cost of a list, a create and a start no longer grows with the number of finished jobs.
  `
  CREATE TABLE file_tasks (
    job_id         TEXT PRIMARY KEY,         -- also of a job that is gone and whose file is still to be deleted
    run_at         INTEGER NOT NULL,
    failure_count  INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX file_tasks_by_time ON file_tasks (run_at);

  -- 1 for a quarantined job. No list visits its row.
  ALTER TABLE jobs ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0;
  UPDATE jobs SET hidden = 1 WHERE id IN (SELECT job_id FROM quarantine);
  CREATE INDEX jobs_by_owner_and_phase ON jobs (owner_id, phase, id) WHERE hidden = 0;
  DROP INDEX jobs_by_owner;

  -- Unfinished jobs: of all owners, where the scope is 'all', and of one owner, where it is 'owner ' and the owner's id.
  CREATE TABLE unfinished_counts (
    scope          TEXT PRIMARY KEY,
    count          INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT INTO unfinished_counts SELECT 'all', count(*) FROM jobs WHERE purge_at IS NULL;
  INSERT INTO unfinished_counts SELECT 'owner ' || owner_id, count(*) FROM jobs WHERE purge_at IS NULL GROUP BY owner_id;
  DROP INDEX jobs_unfinished_by_owner;
  CREATE TRIGGER count_new_job AFTER INSERT ON jobs WHEN new.purge_at IS NULL BEGIN
    INSERT INTO unfinished_counts VALUES ('all', 1), ('owner ' || new.owner_id, 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
  END;
  CREATE TRIGGER count_reopened_job AFTER UPDATE OF purge_at ON jobs WHEN old.purge_at IS NOT NULL AND new.purge_at IS NULL BEGIN
    INSERT INTO unfinished_counts VALUES ('all', 1), ('owner ' || new.owner_id, 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
  END;
  CREATE TRIGGER count_ended_job AFTER UPDATE OF purge_at ON jobs WHEN old.purge_at IS NULL AND new.purge_at IS NOT NULL BEGIN
    UPDATE unfinished_counts SET count = count - 1 WHERE scope IN ('all', 'owner ' || old.owner_id);
    DELETE FROM unfinished_counts WHERE scope = 'owner ' || old.owner_id AND count = 0;
  END;
  CREATE TRIGGER count_deleted_job AFTER DELETE ON jobs WHEN old.purge_at IS NULL BEGIN
    UPDATE unfinished_counts SET count = count - 1 WHERE scope IN ('all', 'owner ' || old.owner_id);
    DELETE FROM unfinished_counts WHERE scope = 'owner ' || old.owner_id AND count = 0;
  END;

  -- Jobs of the last day that count towards the daily limits, also after their removal; and their number for each minute.
  CREATE TABLE charged_jobs (
    owner_id       TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    job_id         TEXT NOT NULL,
    PRIMARY KEY (owner_id, created_at, job_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX charged_jobs_by_time ON charged_jobs (created_at);
  CREATE TABLE charged_counts (
    scope          TEXT NOT NULL,            -- as in unfinished_counts
    minute         INTEGER NOT NULL,         -- created_at / 60000
    count          INTEGER NOT NULL,
    PRIMARY KEY (scope, minute)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX charged_counts_by_time ON charged_counts (minute);
  INSERT INTO charged_jobs SELECT owner_id, created_at, id FROM jobs
  WHERE uncharged = 0 AND created_at > (SELECT max(created_at) FROM jobs WHERE uncharged = 0) - 86400000;
  INSERT INTO charged_counts SELECT 'all', created_at / 60000, count(*) FROM charged_jobs GROUP BY 2;
  INSERT INTO charged_counts SELECT 'owner ' || owner_id, created_at / 60000, count(*) FROM charged_jobs GROUP BY 1, 2;
  DROP INDEX jobs_by_creation;
  DROP INDEX jobs_by_creation_of_owner;
  CREATE TRIGGER charge_new_job AFTER INSERT ON jobs WHEN new.uncharged = 0 BEGIN
    INSERT INTO charged_jobs VALUES (new.owner_id, new.created_at, new.id);
    INSERT INTO charged_counts VALUES ('all', new.created_at / 60000, 1), ('owner ' || new.owner_id, new.created_at / 60000, 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
  END;
  CREATE TRIGGER uncharge_job AFTER UPDATE OF uncharged ON jobs WHEN old.uncharged = 0 AND new.uncharged = 1 BEGIN
    UPDATE charged_counts SET count = count - 1
    WHERE scope IN ('all', 'owner ' || old.owner_id) AND minute = old.created_at / 60000
      AND EXISTS (SELECT 1 FROM charged_jobs
                  WHERE owner_id = old.owner_id AND created_at = old.created_at AND job_id = old.id);
    DELETE FROM charged_jobs WHERE owner_id = old.owner_id AND created_at = old.created_at AND job_id = old.id;
  END;

  -- The words of the prompts of final jobs. An entry is a hash of the owner, a letter for the phase and a period of time, 15 characters, and a
  -- word of at most 12; each beginning of a word is an entry too. Merges are made by the gateway in small steps, and never by an insert.
  CREATE VIRTUAL TABLE prompts USING fts5 (
    words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii', prefix = '16 17 18 19 20 21 22 23 24 25 26');
  INSERT INTO prompts (prompts, rank) VALUES ('automerge', 0);
  INSERT INTO prompts (prompts, rank) VALUES ('crisismerge', 1000);
  INSERT INTO prompts (prompts, rank) VALUES ('usermerge', 8);
  CREATE TABLE prompt_keys (
    key            INTEGER PRIMARY KEY,      -- the rowid in prompts; keys sort as ids do
    job_id         TEXT NOT NULL UNIQUE
  ) STRICT;
  CREATE TABLE prompts_pending (
    job_id         TEXT PRIMARY KEY          -- a final job that is not in prompts yet
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE prompts_filled_from (
    job_id         TEXT NOT NULL             -- no row, or one: final jobs with smaller ids are not in prompts yet
  ) STRICT;
  INSERT INTO prompts_filled_from SELECT 'vj~' WHERE EXISTS (SELECT 1 FROM jobs);
  CREATE TRIGGER add_prompt AFTER UPDATE OF phase ON jobs
  WHEN new.phase IN ('completed', 'failed') AND old.phase NOT IN ('completed', 'failed') BEGIN
    INSERT OR IGNORE INTO prompts_pending VALUES (new.id);
  END;
  CREATE TRIGGER show_prompt AFTER UPDATE OF hidden ON jobs
  WHEN new.phase IN ('completed', 'failed') AND old.hidden = 1 AND new.hidden = 0 BEGIN
    INSERT OR IGNORE INTO prompts_pending VALUES (new.id);
  END;
  CREATE TRIGGER hide_prompt AFTER UPDATE OF hidden ON jobs WHEN old.hidden = 0 AND new.hidden = 1 BEGIN
    DELETE FROM prompt_keys WHERE job_id = old.id;
  END;
  CREATE TRIGGER delete_prompt AFTER DELETE ON jobs BEGIN
    DELETE FROM prompt_keys WHERE job_id = old.id;
    DELETE FROM prompts_pending WHERE job_id = old.id;
  END;
  -- Deletes entries in a trigger alone: after a statement that does, the last inserted rowid may exceed the numbers of JavaScript.
  CREATE TRIGGER delete_key AFTER DELETE ON prompt_keys BEGIN
    DELETE FROM prompts WHERE rowid = old.key;
  END;
  CREATE TRIGGER move_key AFTER UPDATE OF key ON prompt_keys BEGIN
    DELETE FROM prompts WHERE rowid = old.key;
  END;
  `,
  // Operators see the unfinished jobs by phase and the owners with the most of them. The triggers count the same jobs as those of
  // unfinished_counts.
  `
  CREATE INDEX owners_by_unfinished ON unfinished_counts (count) WHERE scope <> 'all';
  CREATE TABLE phase_counts (
    phase          TEXT PRIMARY KEY,
    count          INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT INTO phase_counts SELECT phase, count(*) FROM jobs WHERE purge_at IS NULL GROUP BY phase;
  CREATE TRIGGER count_new_phase AFTER INSERT ON jobs WHEN new.purge_at IS NULL BEGIN
    INSERT INTO phase_counts VALUES (new.phase, 1) ON CONFLICT DO UPDATE SET count = count + 1;
  END;
  CREATE TRIGGER count_changed_phase AFTER UPDATE OF phase, purge_at ON jobs
  WHEN old.phase <> new.phase OR (old.purge_at IS NULL) <> (new.purge_at IS NULL) BEGIN
    UPDATE phase_counts SET count = count - 1 WHERE phase = old.phase AND old.purge_at IS NULL;
    INSERT INTO phase_counts SELECT new.phase, 1 WHERE new.purge_at IS NULL
    ON CONFLICT DO UPDATE SET count = count + 1;
  END;
  CREATE TRIGGER count_deleted_phase AFTER DELETE ON jobs WHEN old.purge_at IS NULL BEGIN
    UPDATE phase_counts SET count = count - 1 WHERE phase = old.phase;
  END;
  `,
  `
  CREATE TABLE webhook_deliveries (
    id               TEXT PRIMARY KEY,
    job_id           TEXT NOT NULL,
    url              TEXT NOT NULL,
    attempts         INTEGER NOT NULL,
    last_status      INTEGER,
    last_error       TEXT,
    next_attempt_at  INTEGER,                -- null: delivered, or given up
    delivered_at     INTEGER,
    job              TEXT,                   -- the job's body once its row is deleted; null before
    purge_at         INTEGER                 -- that of the deleted job; null before
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX webhook_deliveries_by_job ON webhook_deliveries (job_id, id);
  CREATE INDEX webhook_deliveries_by_time ON webhook_deliveries (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
  CREATE INDEX webhook_deliveries_by_purge ON webhook_deliveries (purge_at) WHERE purge_at IS NOT NULL;
  CREATE INDEX webhook_deliveries_failing ON webhook_deliveries (job_id) WHERE last_error IS NOT NULL AND delivered_at IS NULL;
  `,
  'ALTER TABLE webhook_deliveries ADD COLUMN resent_at INTEGER', // null: never
];

/**
 * Brings a database to the newest version, in one transaction.
 *
 * @throws NewerDatabaseError
 */
export function migrate(database: DatabaseSync): void {
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
  if (version > MIGRATIONS.length) {
    throw new NewerDatabaseError(
      `The database has schema version ${version}, but this Reelgate supports versions up to ${MIGRATIONS.length}: a newer Reelgate wrote it. Start the newer version, or choose another DATA_DIR.`,
    );
  }
  if (version === MIGRATIONS.length) return;
  database.exec('BEGIN IMMEDIATE');
  for (const migration of MIGRATIONS.slice(version)) database.exec(migration);
  database.exec(`PRAGMA user_version = ${MIGRATIONS.length}; COMMIT`);
}

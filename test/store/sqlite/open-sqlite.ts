import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SqliteJobStore, type SqliteJobStoreOptions } from '../../../src/store/sqlite/sqlite-job-store.ts';
import type { Damage, OpenedStore } from '../../contract/job-store-cases/opened-store.ts';
import { listening, NO_FAULTS } from '../../support/events.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { DAY } from '../../support/times.ts';

/** A store in a temporary folder. */
export interface OpenedSqlite extends OpenedStore {
  readonly store: SqliteJobStore;
  readonly folder: string;
}

/** Options of a test; the clock is required. */
type StoreTestOptions = Pick<SqliteJobStoreOptions, 'now'> & Partial<SqliteJobStoreOptions>;

/** Opens an embedded store in a new folder. */
export function openSqlite(options: StoreTestOptions): OpenedSqlite {
  const folder = tempFolder();
  const unreadable: string[] = [];
  const events = listening('store:unreadable', ({ id }) => unreadable.push(id));
  const store = new SqliteJobStore(sqliteOptions(folder.path, { events, ...options }));
  return {
    store,
    cache: store.cache,
    folder: folder.path,
    unreadable,
    damage: async (jobId, damage) => damageJob(folder.path, jobId, damage),
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

/** Options of a store: a week of retention. A failed purge or an unreadable record throws. */
export function sqliteOptions(folder: string, { now, ...change }: StoreTestOptions): SqliteJobStoreOptions {
  return {
    folder,
    retentionMs: 7 * DAY,
    events: NO_FAULTS,
    now,
    ...change,
  };
}

/** Runs SQL on a store's database over another connection. */
export function runSql(folder: string, sql: string, ...values: (string | number | null)[]): unknown[] {
  using database = new DatabaseSync(join(folder, 'reelgate.sqlite'));
  return database.prepare(sql).all(...values);
}

function damageJob(folder: string, jobId: string, damage: Damage): void {
  runSql(folder, `UPDATE jobs SET body = ${BROKEN_BODIES[damage]} WHERE id = ?`, jobId);
}

/** As SQL. */
const BROKEN_BODIES: Readonly<Record<Damage, string>> = {
  syntax: 'substr(body, 1, 50)',
  field: "json_set(body, '$.deadlineAt', 'soon')",
  form: "'[]'",
};

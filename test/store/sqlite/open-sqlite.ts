import { SqliteJobStore, type SqliteJobStoreOptions } from '../../../src/store/sqlite/sqlite-job-store.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { DAY } from '../../support/times.ts';

/** A store in a folder of its own, which goes with it. */
export interface OpenedSqlite extends AsyncDisposable {
  readonly store: SqliteJobStore;
  readonly folder: string;
}

/** What a test may choose; the time it must. */
type StoreTestOptions = Pick<SqliteJobStoreOptions, 'now'> & Partial<SqliteJobStoreOptions>;

/** Opens an embedded store in a new folder. */
export function openSqlite(options: StoreTestOptions): OpenedSqlite {
  const folder = tempFolder();
  const store = new SqliteJobStore(sqliteOptions(folder.path, options));
  return {
    store,
    folder: folder.path,
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

/** Options for a store in a folder: a week of retention, and a purge that must not fail. */
export function sqliteOptions(folder: string, { now, ...change }: StoreTestOptions): SqliteJobStoreOptions {
  return { folder, retentionMs: 7 * DAY, onPurgeError: rethrow, now, ...change };
}

function rethrow(error: unknown): void {
  throw error;
}

import type { DatabaseSync } from 'node:sqlite';
import type { Statements } from './statements.ts';

const INTERVAL_MS = 10 * 60 * 1000;
/** Rows a transaction, so that no request waits long behind it. */
const BATCH = 500;

/** Deletes what is past its time, batch by batch, then shortens the files. */
export function purge(database: DatabaseSync, statements: Statements, now: number): void {
  const batch = { now, limit: BATCH };
  for (let deleted = BATCH; deleted >= BATCH;) {
    database.exec('BEGIN IMMEDIATE');
    try {
      statements.purgeVideoData.run(batch);
      deleted = Math.max(
        Number(statements.purgeJobs.run(batch).changes),
        Number(statements.purgeKeys.run(batch).changes),
      );
      database.exec('COMMIT');
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }
  database.exec('PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)');
}

/** Purges at once and every ten minutes until disposed. */
export function startPurging(run: () => void, onError: (error: unknown) => void): Disposable {
  const attempt = () => {
    try {
      run();
    } catch (error) {
      onError(error);
    }
  };
  const first = setImmediate(attempt);
  const timer = setInterval(attempt, INTERVAL_MS);
  return {
    [Symbol.dispose]: () => {
      clearImmediate(first);
      clearInterval(timer);
    },
  };
}

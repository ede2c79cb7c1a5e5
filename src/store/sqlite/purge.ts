import type { DatabaseSync } from 'node:sqlite';
import { SUBMISSION_MEMORY_MS } from '../submissions.ts';
import type { Statements } from './statements.ts';

const INTERVAL_MS = 10 * 60 * 1000;
/** Rows a slice; a row may have a video beside it. */
const BATCH = 50;
/** Pages a slice, of 4 KiB each. */
const VACUUM_PAGES = 2000;

/**
 * Does one slice of the clearing away, short enough for requests to wait behind it: deletes some of what is past its
 * time or, when nothing is, gives some of the free space back to the file system.
 *
 * @returns whether there is more to do
 */
export function purgeSlice(database: DatabaseSync, statements: Statements, now: number): boolean {
  if (deleteBatch(database, statements, now)) return true;
  const free = freePages(database);
  database.exec(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`);
  const left = freePages(database);
  if (left > 0 && left < free) return true;
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  return false;
}

/** Purges at once and every ten minutes until disposed, slice by slice, letting others in between. */
export function startPurging(slice: () => boolean, onError: (error: unknown) => void): Disposable {
  const run = () => {
    try {
      if (slice()) next = setImmediate(run);
    } catch (error) {
      onError(error);
    }
  };
  let next = setImmediate(run);
  const timer = setInterval(() => {
    clearImmediate(next);
    run();
  }, INTERVAL_MS);
  return {
    [Symbol.dispose]: () => {
      clearImmediate(next);
      clearInterval(timer);
    },
  };
}

/** @returns whether a whole batch was deleted */
function deleteBatch(database: DatabaseSync, statements: Statements, now: number): boolean {
  const batch = { now, limit: BATCH };
  const forgotten = { before: now - SUBMISSION_MEMORY_MS, limit: BATCH };
  database.exec('BEGIN IMMEDIATE');
  try {
    statements.purgeVideoData.run(batch);
    statements.purgeQuarantine.run(batch);
    statements.purgeUnreadable.run(batch);
    const deleted = [
      statements.purgeJobs.run(batch),
      statements.purgeKeys.run(batch),
      statements.purgeInFlight.run(forgotten),
      statements.purgeUpstreamRequests.run(forgotten),
    ];
    database.exec('COMMIT');
    return deleted.some(({ changes }) => Number(changes) === BATCH);
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function freePages(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA freelist_count').get()?.['freelist_count']);
}

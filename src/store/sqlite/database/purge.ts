import type { DatabaseSync } from 'node:sqlite';
import { SUBMISSION_MEMORY_MS } from '../../submissions.ts';
import type { Statements } from './statements.ts';

const INTERVAL_MS = 10 * 60 * 1000;
/** Rows of a table that one slice deletes. A row may have a video. */
const BATCH = 50;
/** Pages of 4 KiB that one slice frees. */
const VACUUM_PAGES = 2000;

/**
 * Purges one slice, short enough that requests can wait for it. Deletes expired rows; when there are none, returns free pages to the file
 * system.
 *
 * @returns whether more slices are needed
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

/** Purges now and every ten minutes until disposed. Other work runs between two slices. */
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
  const oldSubmissions = { before: now - SUBMISSION_MEMORY_MS, limit: BATCH };
  database.exec('BEGIN IMMEDIATE');
  try {
    statements.runPurgedFileTasks.run(batch);
    statements.purgeFileLeases.run(batch);
    statements.purgeVideoData.run(batch);
    statements.purgeQuarantine.run(batch);
    statements.purgeUnreadable.run(batch);
    const deleted = [
      statements.purgeJobs.run(batch),
      statements.purgeKeys.run(batch),
      statements.purgeInFlight.run(oldSubmissions),
      statements.purgeUpstreamRequests.run(oldSubmissions),
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

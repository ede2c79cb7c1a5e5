import type { DatabaseSync } from 'node:sqlite';
import { emitFault } from '../../../events/emit-fault.ts';
import type { EventEmitter } from '../../../events/gateway-events.ts';
import { DAY_MS } from '../../job-limits.ts';
import { SUBMISSION_MEMORY_MS } from '../../submissions.ts';
import { deleteJob } from './delete-job.ts';
import type { Row } from './rows.ts';
import type { Statements } from './statements.ts';

const INTERVAL_MS = 10 * 60 * 1000;
/** Rows of a table that one slice deletes. */
const BATCH = 50;
/** Base64 that one slice deletes, in bytes, unless one video is larger: each of its pages costs time. */
const MAX_VIDEO_BYTES = 4_000_000;
/** Pages of 4 KiB that one slice frees: about 3 ms of work. */
const VACUUM_PAGES = 200;

export interface PurgeOptions {
  readonly database: DatabaseSync;
  readonly statements: Statements;
  /** Called with the id of each deleted job. */
  readonly forget: (id: string) => void;
}

/**
 * Purges one slice, short enough that requests can wait for it. Deletes expired rows; when there are none, returns free pages to the file
 * system.
 *
 * @returns whether more slices are needed
 */
export function purgeSlice(options: PurgeOptions, now: number): boolean {
  const { database } = options;
  if (deleteBatch(options, now)) return true;
  const free = freePages(database);
  database.exec(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`);
  const left = freePages(database);
  if (left > 0 && left < free) return true;
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  return false;
}

/** Purges now and every ten minutes until disposed. Other work runs between two slices. */
export function startPurging(slice: () => boolean, events: EventEmitter): Disposable {
  const run = () => {
    try {
      if (slice()) next = setImmediate(run);
    } catch (error) {
      emitFault(events, 'store', 'error', 'the purge of old jobs failed; it is tried again later', {
        err: error,
      });
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

/** @returns whether more rows may have expired */
function deleteBatch({ database, statements, forget }: PurgeOptions, now: number): boolean {
  const batch = { now, limit: BATCH };
  const oldSubmissions = { before: now - SUBMISSION_MEMORY_MS, limit: BATCH };
  const oldCharges = { before: now - DAY_MS, limit: BATCH };
  database.exec('BEGIN IMMEDIATE');
  try {
    const jobs = firstOf(statements.findPurged.all(batch));
    for (const id of jobs.ids) deleteJob(statements, id, now);
    const deleted = [
      statements.purgeDeliveries.run(batch),
      statements.purgeKeys.run(batch),
      statements.purgeInFlight.run(oldSubmissions),
      statements.purgeUpstreamRequests.run(oldSubmissions),
      statements.purgeCharged.run(oldCharges),
      statements.purgeChargedCounts.run(oldCharges),
    ];
    database.exec('COMMIT');
    for (const id of jobs.ids) forget(id);
    return jobs.areMore || deleted.some(({ changes }) => Number(changes) === BATCH);
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** Takes as many jobs as one slice may delete: at least one. */
function firstOf(rows: readonly Row[]): { readonly ids: readonly string[]; readonly areMore: boolean } {
  const ids: string[] = [];
  let bytes = 0;
  for (const { id, size } of rows) {
    bytes += Number(size);
    if (ids.length > 0 && bytes > MAX_VIDEO_BYTES) return { ids, areMore: true };
    ids.push(String(id));
  }
  return { ids, areMore: rows.length === BATCH };
}

function freePages(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA freelist_count').get()?.['freelist_count']);
}

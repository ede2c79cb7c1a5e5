import type { SQLOutputValue } from 'node:sqlite';
import { type Job, readStoredJob } from '../../../domain/job/job.ts';
import { decodeNotes } from '../../../domain/job/poll-notes.ts';
import type { DueJob } from '../../job-store.ts';

/** A row as SQLite returns it. */
export type Row = Record<string, SQLOutputValue>;

/**
 * The columns that `readJob` needs. Numbers are read as floating point, because an integer beyond the safe range of JavaScript would fail
 * all rows of a statement.
 */
export const JOB_COLUMNS = 'id, owner_id, CAST(version AS REAL) AS version, phase, body';
/** The columns that `readDueJob` needs. */
export const DUE_JOB_COLUMNS = `${JOB_COLUMNS}, CAST(faults AS REAL) AS faults, CAST(seen_at AS REAL) AS seen_at, notes`;

/**
 * Reads the job of a row.
 *
 * @throws Error when the body is not a job or contradicts the columns
 */
export function readJob(row: Row): Job {
  const job = readStoredJob(JSON.parse(String(row['body'])));
  const other =
    differs(row, 'id', job.id) ??
    differs(row, 'owner_id', job.ownerId) ??
    differs(row, 'version', job.version) ??
    differs(row, 'phase', job.phase);
  if (other !== null) throw new Error(`The stored job contradicts its column ${other}.`);
  return job;
}

function differs(row: Row, column: string, value: unknown): string | null {
  return row[column] === value ? null : column;
}

/** Reads the job of a row with the poller's columns. @throws as `readJob` */
export function readDueJob(row: Row): DueJob {
  const { faults, seen_at: lastPolledAt, notes } = row;
  const job = readJob(row);
  return {
    job,
    failureCount: Number(faults),
    lastPolledAt: typeof lastPolledAt === 'number' ? lastPolledAt : null,
    notes: decodeNotes(notes),
  };
}

import type { SQLOutputValue } from 'node:sqlite';
import type { Job } from '../../domain/job.ts';
import type { Claim } from '../job-store.ts';

/** A row as SQLite gives it. */
export type Row = Record<string, SQLOutputValue>;

/** The job of a row with `body`. */
export function readJob(row: Row): Job {
  // Written by the job store, in this version of the schema or brought up to it by a migration.
  const job: Job = JSON.parse(String(row['body']));
  return job;
}

/** The job of a row with `body`, `faults` and `seen_at`. */
export function readDueJob(row: Row): Omit<Claim, 'lease'> {
  const { faults, seen_at: seenAt } = row;
  return { job: readJob(row), faults: Number(faults), seenAt: typeof seenAt === 'number' ? seenAt : null };
}

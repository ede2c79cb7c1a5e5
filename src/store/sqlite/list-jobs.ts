import { type Job, JOB_PHASES } from '../../domain/job/job.ts';
import type { ListQuery } from '../job-store.ts';
import { readJob, type Row } from './database/rows.ts';
import type { Statements } from './database/statements.ts';
import type { Quarantine } from './quarantine.ts';

/** Greater than every id. */
const LAST_ID = '\u{10FFFF}';

/** Returns the bounds of a query as parameters. A missing bound is a value beyond all ids, because an index cannot skip a bound. */
export function idBounds({ olderThan, newerThan }: ListQuery) {
  return { older: olderThan ?? LAST_ID, newer: newerThan ?? '' };
}

/**
 * Reads a page of an owner's jobs. Each phase is a range of an index in the order of ids: the page is the first of the merged ranges, so
 * the cost depends on the limit and not on the number of jobs.
 */
export function listJobs(statements: Statements, quarantine: Quarantine, query: ListQuery): Job[] {
  const { ascending, limit, ownerId: owner } = query;
  const statement = ascending ? statements.listAscending : statements.listDescending;
  const phases = new Set(query.phases ?? JOB_PHASES);
  const bounds = { ...idBounds(query), owner, limit };
  const select = (): Row[] => {
    const ids = [...phases].flatMap((phase) =>
      statement.all({ ...bounds, phase }).map(({ id }) => String(id)),
    );
    const page = inOrder(ids, ascending).slice(0, limit);
    return page.map((id) => statements.getReadableJob.get(id)).filter((row) => row !== undefined);
  };
  return quarantine.readAll(select, readJob);
}

/** Sorts ids as SQLite compares them: they are ASCII. */
export function inOrder(ids: readonly string[], ascending: boolean): string[] {
  const sorted = ids.toSorted();
  return ascending ? sorted : sorted.toReversed();
}

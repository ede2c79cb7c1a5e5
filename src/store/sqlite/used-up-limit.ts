import { DAY_MS, type JobLimits, type LimitRefusal, UNFINISHED_RETRY_MS } from '../job-limits.ts';
import type { Row } from './rows.ts';
import type { Statements } from './statements.ts';

/**
 * The limit that another job of this owner would exceed, or null. Holds for the transaction in which it is asked.
 *
 * @param now epoch milliseconds
 */
export function usedUpLimit(
  statements: Statements,
  owner: string,
  limits: JobLimits,
  now: number,
): LimitRefusal | null {
  const ofDay = (limit: keyof JobLimits) => ({ since: now - DAY_MS, limit: limits[limit] });
  const asks: Readonly<Record<keyof JobLimits, () => number | null>> = {
    unfinishedPerOwner: () => {
      const count = countOf(statements.countUnfinishedOfOwner.get({ owner }));
      return count < limits.unfinishedPerOwner ? null : UNFINISHED_RETRY_MS;
    },
    perDayPerOwner: () => waitFor(statements.lastToGoOfOwner.get({ ...ofDay('perDayPerOwner'), owner }), now),
    unfinished: () => {
      const count = countOf(statements.countUnfinished.get());
      return count < limits.unfinished ? null : UNFINISHED_RETRY_MS;
    },
    perDay: () => waitFor(statements.lastToGo.get(ofDay('perDay')), now),
  };
  for (const limit of ORDER) {
    const retryAfterMs = limits[limit] > 0 ? asks[limit]() : null;
    if (retryAfterMs !== null) return { limit, retryAfterMs };
  }
  return null;
}

const ORDER = ['unfinishedPerOwner', 'perDayPerOwner', 'unfinished', 'perDay'] as const;

function countOf(row: Row | undefined): number {
  return Number(row?.['count']);
}

/** @param row the job that has to fall out of the day for another to get in; none when there is room */
function waitFor(row: Row | undefined, now: number): number | null {
  return row === undefined ? null : Number(row['created_at']) + DAY_MS - now;
}

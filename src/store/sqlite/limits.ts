import { DAY_MS, type JobLimits, type LimitRefusal, UNFINISHED_RETRY_MS } from '../job-limits.ts';
import type { Statements } from './database/statements.ts';

/** In the order in which limits are checked. */
const LIMITS = ['unfinishedPerOwner', 'perDayPerOwner', 'unfinished', 'perDay'] as const;

/** The span of one stored count of charged jobs, in milliseconds. */
const MINUTE_MS = 60_000;

/**
 * Returns the limit that another job of this owner would exceed, or null. Run it within the transaction that inserts the job. Its cost does
 * not depend on the number of jobs: triggers of the database keep the counts.
 *
 * @param now epoch milliseconds
 */
export function usedUpLimit(
  statements: Statements,
  owner: string,
  limits: JobLimits,
  now: number,
): LimitRefusal | null {
  const ofOwner = `owner ${owner}`;
  const waits: Readonly<Record<keyof JobLimits, (limit: number) => number | null>> = {
    unfinishedPerOwner: (limit) => unfinished(statements, ofOwner, limit),
    perDayPerOwner: (limit) =>
      ofDay(statements, ofOwner, limit, now, (span) => statements.chargedOfOwner.get({ ...span, owner })),
    unfinished: (limit) => unfinished(statements, 'all', limit),
    perDay: (limit) => ofDay(statements, 'all', limit, now, (span) => statements.charged.get(span)),
  };
  for (const limit of LIMITS) {
    const retryAfterMs = limits[limit] > 0 ? waits[limit](limits[limit]) : null;
    if (retryAfterMs !== null) return { limit, retryAfterMs };
  }
  return null;
}

function unfinished(statements: Statements, scope: string, limit: number): number | null {
  const count = Number(statements.countUnfinished.get({ scope })?.['count'] ?? 0);
  return count < limit ? null : UNFINISHED_RETRY_MS;
}

/** Selects one of the jobs that were accepted in a time span. */
interface ChargedSpan {
  readonly [name: string]: number;
  readonly from: number;
  readonly until: number;
  /** 0 for the newest. */
  readonly position: number;
}

/**
 * Finds the newest job whose day must end before another job may be accepted. The counts of the minutes lead to the minute of that job, so
 * that only the jobs of this minute are visited.
 *
 * @returns milliseconds until its day ends; null when there is room
 */
function ofDay(
  statements: Statements,
  scope: string,
  limit: number,
  now: number,
  find: (span: ChargedSpan) => ReturnType<Statements['charged']['get']>,
): number | null {
  const since = now - DAY_MS;
  const minutes = { scope, minute: Math.floor(since / MINUTE_MS) };
  if (Number(statements.countCharged.get(minutes)?.['count']) < limit) return null;
  let newer = 0;
  for (const row of statements.chargedMinutes.iterate(minutes)) {
    const count = Number(row['count']);
    if (newer + count >= limit) {
      const start = Number(row['minute']) * MINUTE_MS;
      // Jobs of the oldest minute may be older than a day.
      const span = {
        from: Math.max(start, since + 1),
        until: start + MINUTE_MS,
        position: limit - newer - 1,
      };
      const job = find(span);
      return job === undefined ? null : Number(job['created_at']) + DAY_MS - now;
    }
    newer += count;
  }
  return null;
}

import { duration } from '../jobs/times.ts';
import type { GatewayStatus } from './use-status.ts';

/** The state of the gateway in one sentence. */
export interface Verdict {
  readonly level: 'good' | 'wait' | 'bad';
  readonly text: string;
}

/** Jobs that are due for longer than this, in milliseconds, are late. */
const LATE_MS = 10_000;
/** Fewer failed calls in a row are usual. */
const MANY_FAILURES = 3;

/** Says what matters most. The texts have no counts and no times: screen readers would announce each change. */
export function verdictOf(status: GatewayStatus): Verdict {
  const { at, budget, backlog, instances, oldestJobs, quarantinedRecords, failingDeliveries } = status;
  const now = Date.parse(at);
  const dueMs = backlog.oldestDueAt === null ? 0 : now - Date.parse(backlog.oldestDueAt);
  if (budget.isCircuitOpen)
    return { level: 'bad', text: 'The upstream does not answer. Jobs wait until it is back.' };
  if (dueMs > LATE_MS && !instances.some(({ role }) => role !== 'API'))
    return { level: 'bad', text: 'No instance moves jobs. Start one with the role all or poller.' };
  if (budget.failuresInARow >= MANY_FAILURES)
    return { level: 'wait', text: 'The upstream did not answer the last calls.' };
  if (budget.pausedUntil !== null)
    return { level: 'wait', text: 'The upstream answered 429. All calls are paused.' };
  if (budget.remainingCalls === 0 && backlog.dueJobs > 0)
    return {
      level: 'wait',
      text: 'The calls of the minute are used up. Jobs get theirs one after the other.',
    };
  if (dueMs > LATE_MS) return { level: 'wait', text: 'Jobs are late: some have been due for a while.' };
  if (oldestJobs.some(({ failureCount }) => failureCount >= MANY_FAILURES))
    return { level: 'wait', text: 'Jobs move. Calls about some jobs fail again and again.' };
  if (quarantinedRecords.length > 0)
    return { level: 'wait', text: 'Jobs move. Some records cannot be read and need a repair.' };
  if (failingDeliveries.length > 0) return { level: 'wait', text: 'Jobs move. Some webhooks fail.' };
  return { level: 'good', text: backlog.unfinishedJobs === 0 ? 'No job waits.' : 'Jobs move.' };
}

/** A time relative to another: `in 40 s`, `40 s ago`. */
export function relative(iso: string, now: number): string {
  const ms = Date.parse(iso) - now;
  return ms > 0 ? `in ${duration(ms)}` : `${duration(-ms)} ago`;
}

/** When something happens: `in 40 s`; `due` when its time has come, or comes within half a second. */
export function upcoming(iso: string, now: number): string {
  return Date.parse(iso) - now < 500 ? 'due' : relative(iso, now);
}

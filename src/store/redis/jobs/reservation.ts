import type { Job } from '../../../domain/job/job.ts';
import {
  DAY_MS,
  isUncharged,
  type JobLimits,
  type LimitRefusal,
  UNFINISHED_RETRY_MS,
} from '../../job-limits.ts';
import { keys } from '../keys.ts';
import { isWrongType } from '../quarantine.ts';
import { type RedisClient, runScript } from '../scripts/run-script.ts';

/** The reserved places of a job within the limits, or the reason why there are none. */
export interface Reservation {
  /** Null: the job may be created. */
  readonly refusal: LimitRefusal | null;
  /** Releases the reserved places when no job was created. */
  readonly undo: () => Promise<void>;
}

/**
 * Milliseconds after its deadline for which an unfinished job still counts: longer than the poller needs to end it. A place becomes free
 * after that when its job was never created or its release was lost.
 */
const OVERTIME_MS = 60 * 60 * 1000;

/** The owner's limits come first, so that an owner without room takes no place from others, not even for a moment. */
const SCOPES = [
  { ownerOf: (job: Job) => job.ownerId, unfinished: 'unfinishedPerOwner', perDay: 'perDayPerOwner' },
  { ownerOf: () => null, unfinished: 'unfinished', perDay: 'perDay' },
] as const;

/**
 * Reserves places for a job that is about to be created. May be repeated for the same job. When it throws, places that are reserved already
 * stay until the job would have ended. So the gateway may accept too few jobs for a while, but never too many.
 *
 * @param now epoch milliseconds
 */
export async function reserve(
  client: RedisClient,
  job: Job,
  limits: JobLimits,
  now: number,
): Promise<Reservation> {
  const held: string[] = [];
  const undo = () => remove(client, held, job.id);
  for (const { ownerOf, unfinished, perDay } of SCOPES) {
    if (limits[unfinished] === 0 && limits[perDay] === 0) continue;
    const sets = [keys.unfinished(ownerOf(job)), keys.day(ownerOf(job))];
    const answer = await runScript(client, 'reelgateReserve', sets, [
      [job.id, now],
      [limits[unfinished], Math.max(job.deadlineAt, now) + OVERTIME_MS],
      [limits[perDay], job.createdAt + DAY_MS],
    ]);
    const [full, waitMs = 0] = Array.isArray(answer) ? answer.map(Number) : [];
    if (full === 1) return { refusal: { limit: unfinished, retryAfterMs: UNFINISHED_RETRY_MS }, undo };
    if (full === 2) return { refusal: { limit: perDay, retryAfterMs: waitMs }, undo };
    held.push(...sets);
  }
  return { refusal: null, undo };
}

/** Releases the places of a job that has ended. May be repeated. A key of another type holds no places and is skipped. */
export async function releasePlaces(client: RedisClient, job: Job): Promise<void> {
  const sets = SCOPES.flatMap(({ ownerOf }) => {
    const owner = ownerOf(job);
    return isUncharged(job) ? [keys.unfinished(owner), keys.day(owner)] : [keys.unfinished(owner)];
  });
  await remove(client, sets, job.id);
}

async function remove(client: RedisClient, sets: readonly string[], jobId: string): Promise<void> {
  const removed = await Promise.allSettled(sets.map((set) => client.zrem(set, jobId)));
  for (const outcome of removed) {
    if (outcome.status === 'rejected' && !isWrongType(outcome.reason)) throw outcome.reason;
  }
}

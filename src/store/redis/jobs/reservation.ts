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

/** Places of a job within the limits, or why it gets none. */
export interface Reservation {
  /** Null: it may be made. */
  readonly refusal: LimitRefusal | null;
  /** Gives back what is reserved, as no job was made. */
  readonly undo: () => Promise<void>;
}

/**
 * Milliseconds after its deadline for which an unfinished job still counts: longer than it takes to end it by force.
 * A place whose job was never made, or whose giving back was lost, is free after that.
 */
const OVERTIME_MS = 60 * 60 * 1000;

/** The owner's limits first, so that who has used up the own ones takes nothing from others, not even for a moment. */
const SCOPES = [
  { ownerOf: (job: Job) => job.ownerId, unfinished: 'unfinishedPerOwner', perDay: 'perDayPerOwner' },
  { ownerOf: () => null, unfinished: 'unfinished', perDay: 'perDay' },
] as const;

/**
 * Reserves places for a job that is about to be made. May be repeated for the same job. When it throws, what it has
 * reserved stays so until the job would have ended: too few jobs may be taken for a while, never too many.
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
    const answer = await runScript(client, 'reelgateAllow', sets, [
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

/**
 * Gives back the places of a job that has ended. May be repeated. Where the places are a key of another type none was
 * taken, and there is nothing to give back.
 */
export async function giveBack(client: RedisClient, job: Job): Promise<void> {
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

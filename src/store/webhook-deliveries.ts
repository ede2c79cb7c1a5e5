/**
 * The port to the queue of webhook deliveries: messages about the end of a job, each to one target. A delivery is added by the save that
 * ends its job (`SaveChange.deliveries`), in the same atomic step, so no crash loses it. It exists as long as its job can be read. All
 * methods reject with `StoreUnavailableError` when the store cannot be reached.
 */
import { createHash } from 'node:crypto';
import type { Job } from '../domain/job/job.ts';

/** A message to one target about one job. */
export interface NewDelivery {
  /** See `deliveryIdOf`. */
  readonly id: string;
  /** https, or http on loopback. */
  readonly url: string;
}

/** The state of a delivery. All times are epoch milliseconds. */
export interface Delivery extends NewDelivery {
  readonly jobId: string;
  /** The job's final version: a job that is deleted before its delivery is announced nevertheless. */
  readonly job: Job;
  /** Requests that were sent since the end of the job, or since `resentAt`. */
  readonly attempts: number;
  /** HTTP status of the last answer; null: none came, or nothing was sent yet. */
  readonly lastStatus: number | null;
  /** Why the last attempt failed or was postponed; null: neither. */
  readonly lastError: string | null;
  /** When it is sent next; null: delivered, or given up. */
  readonly nextAttemptAt: number | null;
  /** When the target accepted it; null: not yet, or never. */
  readonly deliveredAt: number | null;
  /** When `makeDue` was called last; null: never. */
  readonly resentAt: number | null;
}

/** A delivery that one worker holds until the lease runs out. */
export interface LeasedDelivery extends Delivery {
  /** Unique; a later lease of the same delivery has another. */
  readonly leaseId: string;
}

/** Selects deliveries to lease. */
export interface DeliveryQuery {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly limit: number;
  /** When the lease expires, in epoch milliseconds. A delivery that is still leased then is due again for any worker. */
  readonly leaseUntil: number;
}

/** The result of an attempt; without an attempt, only `nextAttemptAt` and `lastError` may differ. */
export type DeliveryResult = Pick<
  Delivery,
  'attempts' | 'lastStatus' | 'lastError' | 'nextAttemptAt' | 'deliveredAt'
>;

/** What a `settle` has stored. */
export type SettledDelivery = Pick<Delivery, 'nextAttemptAt'>;

/** The queue of deliveries. */
export interface WebhookDeliveries {
  /** Leases due deliveries, the longest due first. One that cannot be read is reported, and due again after `UNREADABLE_PAUSE_MS`. */
  lease(query: DeliveryQuery): Promise<LeasedDelivery[]>;
  /**
   * Ends a lease and stores the result of the attempt. After a `makeDue` during the attempt, `attempts` and `nextAttemptAt` stay as that
   * left them: the delivery is due, whatever the result. A deleted job's deliveries disappear with the last that waits.
   *
   * @returns null when the lease no longer holds: nothing was stored
   */
  settle(delivery: LeasedDelivery, result: DeliveryResult): Promise<SettledDelivery | null>;
  /** The deliveries of jobs, in one round trip. @returns one list for each id, in order, each in the order of ids */
  ofJobs(jobIds: readonly string[]): Promise<Delivery[][]>;
  /**
   * Makes a delivery due at once and counts its attempts anew, also of one that was delivered or given up. One that is being sent is due
   * when its lease ends.
   *
   * @returns null when there is no such delivery
   */
  makeDue(id: string, now: number): Promise<Delivery | null>;
  /** Deliveries that failed, or wait for their target, and are not delivered; the newest job first, at most `limit`. */
  findFailing(limit: number): Promise<Delivery[]>;
  /** The number of deliveries that wait for an attempt, of all owners. The embedded store counts at most `MAX_COUNTED`. */
  countWaiting(): Promise<number>;
  /** Returns when the next delivery is due or the next lease expires, in epoch milliseconds; null when there is none. */
  nextDueAt(): Promise<number | null>;
}

/** Milliseconds until a delivery that cannot be read is looked at again: its record may be repaired, or a newer version may have written it. */
export const UNREADABLE_PAUSE_MS = 60 * 60 * 1000;

/** Characters of the digest in an id. */
const DIGEST_LENGTH = 10;

/**
 * The id of the message about a job's end to a target, which is also the `webhook-id` header: the same for each attempt, so that a receiver
 * can recognize repetitions. A job whose end was lost with the last writes of Redis may end in another way, and that is another message.
 *
 * @param job a final one
 */
export function deliveryIdOf(
  { id, phase, failure }: Pick<Job, 'id' | 'phase' | 'failure'>,
  url: string,
): string {
  const end = failure?.code ?? phase;
  const digest = createHash('sha256').update(`${end} ${url}`).digest('hex').slice(0, DIGEST_LENGTH);
  return `wh_${digest}_${id}`;
}

/** The job of a delivery. @returns null for a text that is not a delivery's id */
export function jobIdOfDelivery(id: string): string | null {
  return new RegExp(`^wh_[0-9a-f]{${DIGEST_LENGTH}}_(vj_.+)$`).exec(id)?.[1] ?? null;
}

import { readStoredJob } from '../../domain/job/job.ts';
import type { Delivery } from '../webhook-deliveries.ts';
import { decodeCompact } from './jobs/compact-job.ts';

/** The state of a delivery that is not sent yet. */
export function newDeliveryState(url: string): string {
  return deliveryState({
    url,
    attempts: 0,
    lastStatus: null,
    lastError: null,
    deliveredAt: null,
    resentAt: null,
  });
}

/** The state of a delivery, but for the time of its next attempt, which scripts change alone. */
export function deliveryState(delivery: Omit<Delivery, 'id' | 'jobId' | 'job' | 'nextAttemptAt'>): string {
  const { url, attempts, lastStatus, lastError, deliveredAt, resentAt } = delivery;
  return JSON.stringify({ url, attempts, lastStatus, lastError, deliveredAt, resentAt });
}

/**
 * Reads the deliveries of a job.
 *
 * @param hash as `webhooks/lease.lua` describes it, with one character for each byte; empty: the job has none
 * @returns them in the order of ids
 * @throws Error when the job or a state cannot be read
 */
export function readDeliveries(jobId: string, hash: Readonly<Record<string, Buffer>>): Delivery[] {
  const { '@job': compact, ...fields } = hash;
  const ids = Object.keys(fields).filter((field) => !field.includes(' '));
  if (ids.length === 0) return [];
  if (compact === undefined) throw new Error('The copy of the job is missing.');
  const job = readStoredJob(decodeCompact(compact.toString('latin1')));
  return ids.toSorted().map((id) => {
    const state: unknown = JSON.parse(String(fields[id]));
    const { url, attempts, lastStatus, lastError, deliveredAt, resentAt } = toRecord(state);
    if (typeof url !== 'string' || !URL.canParse(url)) throw new Error(`The delivery ${id} has no URL.`);
    const next = fields[`${id} next`]?.toString();
    if (typeof attempts !== 'number' || (next !== undefined && !/^\d+(?:\.\d+)?$/.test(next))) {
      throw new Error(`The delivery ${id} has a value of the wrong type.`);
    }
    return {
      id,
      jobId,
      url,
      job,
      attempts,
      lastStatus: typeof lastStatus === 'number' ? lastStatus : null,
      lastError: typeof lastError === 'string' ? lastError : null,
      nextAttemptAt: next === undefined ? null : Number(next),
      deliveredAt: typeof deliveredAt === 'number' ? deliveredAt : null,
      resentAt: typeof resentAt === 'number' ? resentAt : null,
    };
  });
}

function toRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

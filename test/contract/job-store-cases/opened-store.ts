import { expect } from 'vitest';
import type { Job } from '../../../src/domain/job.ts';
import type { Claim, JobStore } from '../../../src/store/job-store.ts';
import type { FakeClock } from '../../support/fake-clock.ts';
import { record } from '../../support/jobs.ts';
import { MINUTE } from '../../support/times.ts';

/** An open, empty store; disposing closes it and removes what it kept. */
export interface OpenedStore extends AsyncDisposable {
  readonly store: JobStore;
}

/** Opens an empty store that takes its time from this clock. */
export type OpenStore = (clock: FakeClock) => Promise<OpenedStore>;

/** Creates jobs, all of which must be taken. */
export async function createAll(store: JobStore, jobs: readonly Job[]): Promise<void> {
  for (const job of jobs) expect(await store.create(record(job))).toEqual({ type: 'created' });
}

/** Claims whatever is due, for a minute. */
export function claimAll(store: JobStore, now: number): Promise<Claim[]> {
  return store.claimDue({ now, leaseUntil: now + MINUTE, limit: 1000, callLimit: 1000, worth: null });
}

/** Creates a job and claims it, for a minute; nothing else may be due. */
export async function createAndClaim(store: JobStore, job: Job): Promise<Claim> {
  await createAll(store, [job]);
  const [claim, ...others] = await claimAll(store, job.createdAt);
  expect(others).toEqual([]);
  return present(claim);
}

/** The value, which must be there. */
export function present<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('There is no value.');
  return value;
}

/** The ids of jobs, or of claimed jobs. */
export function idsOf(items: readonly (Job | Claim)[]): string[] {
  return items.map((item) => ('job' in item ? item.job.id : item.id));
}

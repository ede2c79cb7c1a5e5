import { afterEach, beforeEach, expect } from 'vitest';
import type { Job } from '../../../src/domain/job/job.ts';
import {
  type LeasedJob,
  type LeaseQuery,
  type DueJob,
  type JobCache,
  type JobStore,
  StoreUnavailableError,
} from '../../../src/store/job-store.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { record } from '../../support/jobs.ts';
import { MINUTE } from '../../support/times.ts';

/** An open, empty store. Disposal closes it and deletes its data. */
export interface OpenedStore extends AsyncDisposable {
  readonly store: JobStore;
  readonly cache: JobCache | null;
  /** The ids that the store has called `onUnreadable` with, in order. */
  readonly unreadable: readonly string[];
  /** Damages a stored job without the store's knowledge. */
  readonly damage: (jobId: string, damage: Damage) => Promise<void>;
}

/**
 * How a stored job is damaged:
 *
 * - `syntax`: a text that has to be JSON is not
 * - `field`: its JSON is well-formed, but an essential field has an impossible value
 * - `form`: it does not have the form of a stored job
 */
export const DAMAGES = ['syntax', 'field', 'form'] as const;
export type Damage = (typeof DAMAGES)[number];

/** Opens an empty store that takes its time from this clock. */
export type OpenStore = (clock: FakeClock) => Promise<OpenedStore>;

/** The store of the current test, with the clock that it uses. */
export interface CurrentStore extends Omit<OpenedStore, typeof Symbol.asyncDispose> {
  readonly clock: FakeClock;
}

/** Opens an empty store before each test of the suite, and closes it afterwards. */
export function storePerTest(open: OpenStore): CurrentStore {
  let clock: FakeClock;
  let opened: OpenedStore;
  beforeEach(async () => {
    clock = new FakeClock();
    opened = await open(clock);
  });
  afterEach(() => opened[Symbol.asyncDispose]());
  return {
    get clock() {
      return clock;
    },
    get store() {
      return opened.store;
    },
    get cache() {
      return opened.cache;
    },
    get unreadable() {
      return opened.unreadable;
    },
    get damage() {
      return opened.damage;
    },
  };
}

/** Creates jobs. All must be accepted. */
export async function createAll(store: JobStore, jobs: readonly Job[]): Promise<void> {
  for (const job of jobs) expect(await store.create(record(job))).toEqual({ type: 'created' });
}

/** Leases all due jobs for a minute. */
export function leaseAll(store: JobStore, now: number): Promise<LeasedJob[]> {
  return leaseUpTo(store, now, 1000);
}

/** Chooses among due jobs, as a poller does. */
export type Choose = (due: readonly DueJob[]) => readonly DueJob[];

/** Leases up to a number of jobs for a minute: by default the longest due. */
export async function leaseUpTo(
  store: JobStore,
  now: number,
  limit: number,
  { choose, ...change }: Partial<LeaseQuery> & { readonly choose?: Choose } = {},
): Promise<LeasedJob[]> {
  const query = { now, leaseUntil: now + MINUTE, limit, callLimit: limit, except: [], ...change };
  const due = choose === undefined ? null : await store.findCandidates(query);
  const preferred = due === null ? null : (choose?.(due).map(({ job }) => job.id) ?? null);
  return store.leaseDue({ preferred, ...query });
}

/** Expects a call to fail with a StoreUnavailableError. @returns the error */
export async function unavailableBy(call: Promise<unknown>): Promise<StoreUnavailableError> {
  const error: unknown = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof StoreUnavailableError) return error;
  throw new Error('There was no StoreUnavailableError.', { cause: error });
}

/** Creates a job and leases it for a minute. No other job may be due. */
export async function createAndLease(store: JobStore, job: Job): Promise<LeasedJob> {
  await createAll(store, [job]);
  const [leased, ...others] = await leaseAll(store, job.createdAt);
  expect(others).toEqual([]);
  return present(leased);
}

/** The value, which must exist. */
export function present<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('There is no value.');
  return value;
}

/** The ids of jobs or of objects with a job. */
export function idsOf(items: readonly (Job | { readonly job: Job })[]): string[] {
  return items.map((item) => ('job' in item ? item.job.id : item.id));
}

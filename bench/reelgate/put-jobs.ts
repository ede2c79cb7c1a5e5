import type { Job } from '../../src/domain/job/job.ts';
import type { LeasedJob, JobStore } from '../../src/store/job-store.ts';
import { SqliteJobStore } from '../../src/store/sqlite/sqlite-job-store.ts';
import { FIRST_VERSION } from '../sample.ts';
import { printFaults } from '../servers/print-faults.ts';
import { FAR_AWAY, runningJob } from './jobs.ts';

export const NO_LIMITS = { unfinished: 0, unfinishedPerOwner: 0, perDay: 0, perDayPerOwner: 0 };
const BATCH = 500;

/**
 * Creates jobs through the store's port.
 *
 * @returns a lease on each job that never expires, by the job's number; none for final jobs
 */
export async function putJobs(
  store: JobStore,
  count: number,
  jobOf: (number: number) => Job,
): Promise<LeasedJob[]> {
  const leases: LeasedJob[] = [];
  for (let first = 0; first < count; first += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, count - first) }, (_, index) => first + index);
    await Promise.all(
      numbers.map((number) =>
        store.create({
          job: { ...runningJob(number, FIRST_VERSION - 1), ownerId: jobOf(number).ownerId },
          idempotencyKey: null,
          fingerprint: '',
          limits: NO_LIMITS,
        }),
      ),
    );
    const found = await store.leaseDue({
      now: Date.now(),
      leaseUntil: FAR_AWAY,
      limit: numbers.length,
      callLimit: numbers.length,
      except: [],
      preferred: null,
    });
    if (found.length < numbers.length) throw new Error('The store contains other jobs.');
    await Promise.all(
      found.map(async (leased) => {
        const number = numberOf(leased.job);
        leases[number] = leased;
        if ((await store.save(leased.leaseId, { job: jobOf(number), schedule: null })) !== 'saved') {
          throw new Error('A lease was lost.');
        }
      }),
    );
  }
  return leases;
}

/** Creates jobs in a folder of the embedded store. Opening the folder again ends all leases, so the jobs are released to FAR_AWAY. */
export async function putInFolder(
  folder: string,
  count: number,
  jobOf: (number: number) => Job,
): Promise<void> {
  await using store = openFolder(folder);
  const leases = await putJobs(store, count, jobOf);
  const schedule = { runAt: FAR_AWAY, failureCount: 0, lastPolledAt: null };
  for (const leased of leases) await store.release(leased, schedule);
}

/** Opens a folder without waiting for the disk: the benchmark can create its data again after a power cut. */
export function openFolder(folder: string): SqliteJobStore {
  const store = new SqliteJobStore({
    folder,
    retentionMs: 3_600_000_000,
    now: Date.now,
    events: printFaults(),
  });
  store.database.exec('PRAGMA synchronous = OFF');
  return store;
}

function numberOf({ id }: Job): number {
  return Number.parseInt(id.slice(-12), 16);
}

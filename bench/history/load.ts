import { isDeepStrictEqual } from 'node:util';
import type { JobStore } from '../../src/store/job-store.ts';
import { NO_LIMITS } from '../reelgate/put-jobs.ts';
import { acceptedJob, createdAtOf, type History, historyJob, ownerOf, queued } from './jobs.ts';
import type { Engine, SetClock } from './opened-store.ts';

const DAY_MS = 86_400_000;
const BATCH = 500;
/** Limits that are checked and never used up. */
export const WIDE_LIMITS = {
  unfinished: 1_000_000_000,
  unfinishedPerOwner: 1_000_000_000,
  perDay: 1_000_000_000,
  perDayPerOwner: 1_000_000_000,
};

/**
 * Stores a part of the history through the store's port, so that it has the layout that the store gives it. The clock moves with the
 * jobs.
 *
 * @param from number of the first job
 * @param to number after the last job
 */
export async function load(
  { store, name }: Engine,
  clock: SetClock,
  history: History,
  from: number,
  to: number,
): Promise<void> {
  for (let first = from; first < to; first += BATCH) {
    const count = Math.min(BATCH, to - first);
    const jobs = Array.from({ length: count }, (_, index) => historyJob(first + index, history));
    clock.time = createdAtOf(first, history);
    // Redis counts the jobs that were created with limits; those of earlier days have left its counters. SQLite counts all.
    const counts = name === 'Redis' && clock.time > history.endsAt - DAY_MS;
    await Promise.all(
      jobs.map(({ created, idempotencyKey }) =>
        store.create({
          job: created,
          idempotencyKey,
          fingerprint: created.id,
          limits: counts ? WIDE_LIMITS : NO_LIMITS,
        }),
      ),
    );
    await Promise.all(
      jobs.map(async ({ final }) => {
        const outcome = await store.save('', { job: final, schedule: null });
        if (outcome !== 'saved') throw new Error(`A job of the history was not saved: ${outcome}.`);
      }),
    );
    const [sample] = jobs;
    const [stored] = await store.getMany([sample?.final.id ?? '']);
    if (!isDeepStrictEqual(stored, sample?.final)) throw new Error('The store returned another job.');
  }
}

/** Adds unfinished jobs that are due at the end of the history. */
export async function addDue(
  store: JobStore,
  clock: SetClock,
  history: History,
  count: number,
): Promise<void> {
  clock.time = history.endsAt;
  for (let index = 0; index < count; index += 1) {
    const createdAt = history.endsAt - 2 * count + index;
    const job = acceptedJob(ownerOf(index, history.owners), createdAt, 'a cat that is not finished', null);
    await store.create({ job, idempotencyKey: null, fingerprint: '', limits: WIDE_LIMITS });
    const schedule = { runAt: createdAt, failureCount: 0, lastPolledAt: null };
    await store.save('', { job: queued(job), schedule });
  }
}

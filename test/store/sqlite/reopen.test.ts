import { describe, expect, it } from 'vitest';
import { SqliteJobStore } from '../../../src/store/sqlite/sqlite-job-store.ts';
import { leaseAll, createAndLease, present } from '../../contract/job-store-cases/opened-store.ts';
import { acceptedJob, completed, nextVersion, record } from '../../support/jobs.ts';
import { Recorder } from '../../support/recorder.ts';
import { HOUR, NOON, SECOND } from '../../support/times.ts';
import { openSqlite, sqliteOptions } from './open-sqlite.ts';

const now = () => NOON;

describe('a store that is opened again', () => {
  it('keeps jobs, schedules, failure counts, keys and videos', async () => {
    await using opened = openSqlite({ now });
    const leased = await createAndLease(opened.store, acceptedJob());
    const done = completed(leased.job, NOON);
    await opened.store.save(leased.leaseId, { job: done, schedule: null, videoData: 'QUJD' });
    const waiting = acceptedJob();
    await opened.store.create(record(waiting, { idempotencyKey: 'k' }));
    const [held] = await leaseAll(opened.store, NOON);
    await opened.store.release(present(held), { runAt: NOON + SECOND, failureCount: 4, lastPolledAt: null });

    await using store = await reopen(opened.store, opened.folder);
    expect(await store.getMany([done.id, waiting.id])).toEqual([done, waiting]);
    expect(await store.getVideoData(done.id)).toBe('QUJD');
    expect(await store.create(record(acceptedJob(), { idempotencyKey: 'k' }))).toEqual({
      type: 'duplicate',
      job: waiting,
    });
    expect(await store.nextDueAt()).toBe(NOON + SECOND);
    const leases = await leaseAll(store, NOON + SECOND);
    expect(leases).toMatchObject([{ job: waiting, failureCount: 4 }]);
  });

  it('makes leased jobs due at once, and keeps the schedule of others', async () => {
    await using opened = openSqlite({ now });
    const later = acceptedJob({ createdAt: NOON + 10 * SECOND });
    const leased = acceptedJob();
    for (const job of [later, leased]) await opened.store.create(record(job));
    await opened.store.leaseDue({
      now: NOON,
      leaseUntil: NOON + HOUR,
      limit: 9,
      callLimit: 9,
      except: [],
      preferred: null,
    });

    await using store = await reopen(opened.store, opened.folder);
    expect((await leaseAll(store, NOON)).map(({ job }) => job)).toEqual([leased]);
    expect((await leaseAll(store, NOON + 10 * SECOND)).map(({ job }) => job)).toEqual([later]);
  });

  it('ignores a release with an earlier lease, also when the job is leased again', async () => {
    await using opened = openSqlite({ now });
    const stale = await createAndLease(opened.store, acceptedJob());

    await using store = await reopen(opened.store, opened.folder);
    const [fresh] = await leaseAll(store, NOON);
    await store.release(stale, { runAt: NOON, failureCount: 7, lastPolledAt: null });
    expect(await leaseAll(store, NOON)).toEqual([]);
    const change = { job: nextVersion(stale.job), schedule: null };
    expect(await store.save(present(fresh).leaseId, change)).toBe('saved');
  });

  it('returns saved for a repeated save', async () => {
    await using opened = openSqlite({ now });
    const { leaseId, job } = await createAndLease(opened.store, acceptedJob());
    const change = { job: nextVersion(job), schedule: null };
    expect(await opened.store.save(leaseId, change)).toBe('saved');

    await using store = await reopen(opened.store, opened.folder);
    const recorder = new Recorder();
    await store.subscribe({ type: 'job', jobId: job.id }, recorder.listener);
    expect(await store.save(leaseId, change)).toBe('saved');
    expect(await store.save('of another', change)).toBe('superseded');
    expect(recorder.jobs).toEqual([]);
  });

  it('makes jobs due at once that are scheduled more than ten seconds ahead, because the clock may have been set back', async () => {
    await using opened = openSqlite({ now });
    const [soon, far] = [10 * SECOND, 10 * SECOND + 1].map((ms) => acceptedJob({ createdAt: NOON + ms }));
    for (const job of [soon, far]) await opened.store.create(record(present(job)));

    await using store = await reopen(opened.store, opened.folder);
    expect((await leaseAll(store, NOON)).map(({ job }) => job)).toEqual([far]);
    expect((await leaseAll(store, NOON + 10 * SECOND)).map(({ job }) => job)).toContainEqual(soon);
  });
});

async function reopen(store: SqliteJobStore, folder: string): Promise<SqliteJobStore> {
  await store[Symbol.asyncDispose]();
  return new SqliteJobStore(sqliteOptions(folder, { now }));
}

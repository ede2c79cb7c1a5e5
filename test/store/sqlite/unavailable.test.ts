import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { CANNOT_WRITE, StoreUnavailableError } from '../../../src/store/job-store.ts';
import { unavailable } from '../../../src/store/sqlite/database/group-commit.ts';
import { SqliteJobStore } from '../../../src/store/sqlite/sqlite-job-store.ts';
import { leaseAll, createAndLease } from '../../contract/job-store-cases/opened-store.ts';
import { acceptedJob, nextVersion, record } from '../../support/jobs.ts';
import { Recorder } from '../../support/recorder.ts';
import { NOON, SECOND } from '../../support/times.ts';
import { openSqlite, sqliteOptions } from './open-sqlite.ts';

const now = () => NOON;

describe('a store that fails', () => {
  it('fails every method with the same error', async () => {
    await using opened = openSqlite({ now });
    const { store } = opened;
    const leased = await createAndLease(store, acceptedJob());
    await store[Symbol.asyncDispose]();
    const bounds = { phases: null, olderThan: null, newerThan: null, ascending: false, limit: 1 };
    const calls = {
      create: () => store.create(record(acceptedJob())),
      getMany: () => store.getMany([leased.job.id]),
      getVideoData: () => store.getVideoData(leased.job.id),
      list: () => store.list({ ownerId: 'ada', ...bounds }),
      leaseDue: () => leaseAll(store, NOON),
      save: () => store.save(leased.leaseId, { job: nextVersion(leased.job), schedule: null }),
      release: () => store.release(leased, { runAt: NOON, failureCount: 0, lastPolledAt: null }),
      nextDueAt: () => store.nextDueAt(),
      findWaiting: () => store.findWaiting(NOON, 1),
      health: () => store.health(),
    };
    for (const [name, call] of Object.entries(calls)) {
      const error: unknown = await call().catch((reason: unknown) => reason);
      expect({ name, error }).toEqual({ name, error: expect.any(StoreUnavailableError) });
    }
  });

  it('says that it cannot write when its disk is full', () => {
    const full = Object.assign(new Error('database or disk is full'), { errcode: 13 });
    const closed = Object.assign(new Error('database is not open'), { errcode: 21 });
    expect(() => unavailable(full)).toThrow(expect.objectContaining({ shown: CANNOT_WRITE }));
    expect(() => unavailable(closed)).toThrow(
      expect.objectContaining({ shown: expect.stringContaining('cannot be reached') }),
    );
  });

  it('stores and publishes nothing of a create that fails half way, and works again afterwards', async () => {
    await using opened = openSqlite({ now });
    const { store, folder } = opened;
    const recorder = new Recorder();
    await store.subscribe({ type: 'owner', ownerId: 'ada' }, recorder.listener);
    const job = acceptedJob();
    const withKey = record(job, { idempotencyKey: 'k' });
    refuse(folder, 'INSERT ON idempotency_keys');
    await expect(store.create(withKey)).rejects.toThrow(StoreUnavailableError);
    expect(await store.getMany([job.id])).toEqual([null]);
    expect(recorder.jobs).toEqual([]);
    permit(folder);
    expect(await store.create(withKey)).toEqual({ type: 'created' });
  });

  it('stores and publishes nothing of a save whose video cannot be stored, which can be repeated', async () => {
    await using opened = openSqlite({ now });
    const { store, folder } = opened;
    const leased = await createAndLease(store, acceptedJob());
    const recorder = new Recorder();
    await store.subscribe({ type: 'job', jobId: leased.job.id }, recorder.listener);
    const change = { job: nextVersion(leased.job), schedule: null, videoData: 'QUJD' };
    refuse(folder, 'INSERT ON video_data');
    await expect(store.save(leased.leaseId, change)).rejects.toThrow(StoreUnavailableError);
    expect(await store.getMany([leased.job.id])).toEqual([leased.job]);
    expect(recorder.jobs).toEqual([]);
    permit(folder);
    expect(await store.save(leased.leaseId, change)).toBe('saved');
    expect(recorder.jobs).toEqual([change.job]);
  });

  it('keeps the lease when a release cannot be stored, and accepts the release again', async () => {
    await using opened = openSqlite({ now });
    const { store, folder } = opened;
    const leased = await createAndLease(store, acceptedJob());
    const later = { ...LATER, failureCount: 1 };
    refuse(folder, 'UPDATE ON jobs');
    await expect(store.release(leased, later)).rejects.toThrow(StoreUnavailableError);
    expect(await leaseAll(store, NOON)).toEqual([]);
    permit(folder);
    await store.release(leased, later);
    expect(await leaseAll(store, NOON + SECOND)).toMatchObject([{ failureCount: 1 }]);
  });

  it('caches and publishes nothing that could not be committed, and all of it can be repeated', async () => {
    await using opened = openSqlite({ now });
    const { store, folder } = opened;
    const leased = await createAndLease(store, acceptedJob());
    const recorder = new Recorder();
    await store.subscribe({ type: 'owner', ownerId: 'ada' }, recorder.listener);
    const [saved, made] = [nextVersion(leased.job), acceptedJob()];
    const write = () =>
      Promise.allSettled([
        store.save(leased.leaseId, { job: saved, schedule: LATER }),
        store.create(record(made, { idempotencyKey: 'k' })),
      ]);
    refuseCommits(folder);
    const refused = { status: 'rejected', reason: expect.any(StoreUnavailableError) };
    expect(await write()).toEqual([refused, refused]);
    expect(recorder.jobs).toEqual([]);
    expect(await store.getMany([leased.job.id, made.id])).toEqual([leased.job, null]);
    expect(await leaseAll(store, NOON)).toEqual([]);
    permit(folder);
    expect(await write()).toMatchObject([{ value: 'saved' }, { value: { type: 'created' } }]);
    expect(recorder.jobs).toEqual([saved, made]);
    expect(await store.getMany([leased.job.id, made.id])).toEqual([saved, made]);
  });

  it('stores pending writes before it closes', async () => {
    await using opened = openSqlite({ now });
    const job = acceptedJob();
    const created = opened.store.create(record(job));
    await opened.store[Symbol.asyncDispose]();
    expect(await created).toEqual({ type: 'created' });
    await using store = new SqliteJobStore(sqliteOptions(opened.folder, { now }));
    expect(await store.getMany([job.id])).toEqual([job]);
  });

  it('can be closed twice', async () => {
    await using opened = openSqlite({ now });
    await opened.store[Symbol.asyncDispose]();
    await expect(opened.store[Symbol.asyncDispose]()).resolves.toBeUndefined();
  });

  it('counts its listeners', async () => {
    await using opened = openSqlite({ now });
    const { store } = opened;
    const watches = ['a', 'a', 'b'].map((jobId) => store.subscribe({ type: 'job', jobId }, () => {}));
    const [first, ...others] = await Promise.all(watches);
    expect(store.listenerCount).toBe(3);
    first?.();
    first?.();
    expect(store.listenerCount).toBe(2);
    for (const unsubscribe of others) unsubscribe();
    expect(store.listenerCount).toBe(0);
  });
});

const LATER = { runAt: NOON + SECOND, failureCount: 0, lastPolledAt: null };

/** Makes the database accept changes of jobs and then fail their commit. */
function refuseCommits(folder: string): void {
  using database = new DatabaseSync(join(folder, 'reelgate.sqlite'));
  database.exec(`
    CREATE TABLE orphans (job_id TEXT REFERENCES jobs DEFERRABLE INITIALLY DEFERRED);
    CREATE TRIGGER refuse AFTER UPDATE ON jobs BEGIN INSERT INTO orphans VALUES ('nobody'); END`);
}

/** Makes the database refuse some writes, as with a full disk. */
function refuse(folder: string, what: string): void {
  using database = new DatabaseSync(join(folder, 'reelgate.sqlite'));
  database.exec(`CREATE TRIGGER refuse BEFORE ${what} BEGIN SELECT raise(ABORT, 'no room'); END`);
}

function permit(folder: string): void {
  using database = new DatabaseSync(join(folder, 'reelgate.sqlite'));
  database.exec('DROP TRIGGER refuse');
}

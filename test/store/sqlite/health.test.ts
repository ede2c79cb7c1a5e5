import { cpSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SqliteJobStore } from '../../../src/store/sqlite/sqlite-job-store.ts';
import {
  leaseAll,
  createAndLease,
  present,
  unavailableBy,
} from '../../contract/job-store-cases/opened-store.ts';
import { acceptedJob, completed, nextVersion, record } from '../../support/jobs.ts';
import { Recorder } from '../../support/recorder.ts';
import { NOON, SECOND } from '../../support/times.ts';
import { type OpenedSqlite, openSqlite, runSql, sqliteOptions } from './open-sqlite.ts';

const now = () => NOON;
const REPLACED =
  /^The data folder .* was deleted or replaced while the gateway was running; .*restart the gateway\.$/;

describe('the health of the embedded store', () => {
  let opened: OpenedSqlite;
  beforeEach(() => {
    opened = openSqlite({ now });
    return () => opened[Symbol.asyncDispose]();
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('is known once a write has reached the disk', async () => {
    const version = () => runSql(opened.folder, 'SELECT count FROM health_checks');
    expect(await opened.store.health()).toEqual({ quarantined: 0 });
    expect(version()).toEqual([{ count: 1 }]);
    expect(await opened.store.health()).toEqual({ quarantined: 0 });
    expect(version()).toEqual([{ count: 2 }]);
  });

  it('needs one write for concurrent checks', async () => {
    await Promise.all(Array.from({ length: 50 }, () => opened.store.health()));
    expect(runSql(opened.folder, 'SELECT count FROM health_checks')).toEqual([{ count: 1 }]);
  });

  it('is bad while writes fail, and good again afterwards', async () => {
    // Wait for the first purge, which cannot write either.
    await opened.store.health();
    opened.store.database.exec('PRAGMA query_only = ON');
    const error = await unavailableBy(opened.store.health());
    expect(error.cause).toMatchObject({ message: 'attempt to write a readonly database' });
    opened.store.database.exec('PRAGMA query_only = OFF');
    expect(await opened.store.health()).toEqual({ quarantined: 0 });
  });

  it.each([
    ['deleted', (folder: string) => rmSync(folder, { recursive: true })],
    ['moved', (folder: string) => renameSync(folder, `${folder}-moved`)],
    ['without its database', (folder: string) => rmSync(join(folder, 'reelgate.sqlite'))],
    ['without its log', (folder: string) => rmSync(join(folder, 'reelgate.sqlite-wal'))],
    [
      'replaced by a copy',
      (folder: string) => {
        cpSync(folder, `${folder}-copy`, { recursive: true });
        renameSync(folder, `${folder}-moved`);
        renameSync(`${folder}-copy`, folder);
      },
    ],
  ])(
    'is bad when the data folder is %s, and no job is accepted, but those in progress go on',
    async (_, change) => {
      const { store, folder } = opened;
      const [queued, ended] = [
        await createAndLease(store, acceptedJob()),
        await createAndLease(store, acceptedJob()),
      ];
      try {
        change(folder);
        expect((await unavailableBy(store.health())).message).toMatch(REPLACED);
        const recorder = new Recorder();
        await store.subscribe({ type: 'owner', ownerId: 'ada' }, recorder.listener);
        expect((await unavailableBy(store.create(record(acceptedJob())))).message).toContain(folder);
        const schedule = { runAt: NOON + SECOND, failureCount: 0, lastPolledAt: null };
        const next = nextVersion(queued.job, { phase: 'queued' });
        expect(await store.save(queued.leaseId, { job: next, schedule })).toBe('saved');
        const done = completed(ended.job, NOON);
        expect(await store.save(ended.leaseId, { job: done, schedule: null })).toBe('saved');
        expect(recorder.jobs).toEqual([next, done]);
        const [again] = await leaseAll(store, NOON + SECOND);
        expect(present(again).job).toEqual(next);
      } finally {
        for (const suffix of ['-moved', '-copy']) rmSync(folder + suffix, { recursive: true, force: true });
      }
    },
  );

  it('stays good while the log is truncated and another process reads the folder', async () => {
    const { store, folder } = opened;
    await createAndLease(store, acceptedJob());
    store.database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    expect(runSql(folder, 'SELECT count(*) AS count FROM jobs')).toEqual([{ count: 1 }]);
    expect(await store.health()).toEqual({ quarantined: 0 });
    expect(await store.create(record(acceptedJob()))).toEqual({ type: 'created' });
  });

  it('is good after a restart in a replaced folder', async () => {
    const { store, folder } = opened;
    rmSync(folder, { recursive: true });
    await unavailableBy(store.health());
    await store[Symbol.asyncDispose]();
    await using again = new SqliteJobStore(sqliteOptions(folder, { now }));
    expect(await again.health()).toEqual({ quarantined: 0 });
  });
});

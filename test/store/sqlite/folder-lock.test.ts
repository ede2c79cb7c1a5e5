import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FolderInUseError, lockFolder } from '../../../src/store/sqlite/database/folder.ts';
import { SqliteJobStore } from '../../../src/store/sqlite/sqlite-job-store.ts';
import { acceptedJob, record } from '../../support/jobs.ts';
import { type Child, startChild } from '../../support/process/child.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { NOON } from '../../support/times.ts';
import { openSqlite, sqliteOptions } from './open-sqlite.ts';

const now = () => NOON;

describe('one folder serves one process', () => {
  it('refuses a second process, which ends and reports the reason', async () => {
    await using opened = openSqlite({ now });
    await using child = holder(opened.folder);
    expect(await child.ended).toBe(1);
    expect(child.lines()).toEqual([]);
    expect(child.errors()).toContain(
      `FolderInUseError: The data folder ${opened.folder} is in use by another Reelgate process.`,
    );
    expect(child.errors()).toContain('stop the other one or choose another DATA_DIR');
    // The first process still works.
    expect(await opened.store.create(record(acceptedJob()))).toEqual({ type: 'created' });
  });

  it('refuses a second store in the same process, also through a link to the folder', async () => {
    await using opened = openSqlite({ now });
    using links = tempFolder();
    const link = join(links.path, 'link');
    symlinkSync(opened.folder, link);
    expect(() => new SqliteJobStore(sqliteOptions(opened.folder, { now }))).toThrow(FolderInUseError);
    expect(() => new SqliteJobStore(sqliteOptions(link, { now }))).toThrow(FolderInUseError);
    // A refused attempt does not release the lock.
    await using child = holder(opened.folder);
    expect(await child.ended).toBe(1);
  });

  it('refuses a folder that another process uses, until that process is killed', async () => {
    using folder = tempFolder();
    await using child = holder(folder.path);
    await child.wrote(1);
    expect(() => new SqliteJobStore(sqliteOptions(folder.path, { now }))).toThrow(FolderInUseError);
    child.kill('SIGKILL');
    expect(await child.ended).toBeNull();
    const store = new SqliteJobStore(sqliteOptions(folder.path, { now }));
    await store[Symbol.asyncDispose]();
  });

  it('releases the folder when the store is closed', async () => {
    await using opened = openSqlite({ now });
    await opened.store[Symbol.asyncDispose]();
    await using again = new SqliteJobStore(sqliteOptions(opened.folder, { now }));
    expect(await again.nextDueAt()).toBeNull();
  });

  it('creates a missing folder with its parents', async () => {
    using folder = tempFolder();
    await using store = new SqliteJobStore(sqliteOptions(join(folder.path, 'a', 'b'), { now }));
    expect(await store.create(record(acceptedJob()))).toEqual({ type: 'created' });
  });

  it('reports any other error of the lock unchanged', () => {
    using folder = tempFolder();
    const lock = join(folder.path, 'reelgate.lock');
    writeFileSync(lock, 'no database'.repeat(1000));
    expect(() => lockFolder(folder.path)).toThrow('file is not a database');
    rmSync(lock);
    mkdirSync(lock);
    expect(() => lockFolder(folder.path)).toThrow('unable to open database file');
  });
});

function holder(folder: string): Child {
  return startChild(new URL('children/hold-folder.child.ts', import.meta.url), folder);
}

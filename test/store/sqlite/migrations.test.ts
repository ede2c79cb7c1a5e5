import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { migrate } from '../../../src/store/sqlite/migrations.ts';
import { SqliteJobStore } from '../../../src/store/sqlite/sqlite-job-store.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { NOON } from '../../support/times.ts';
import { sqliteOptions } from './open-sqlite.ts';

const now = () => NOON;

describe('migrations', () => {
  it('bring an empty database to the newest version, and leave that one alone', () => {
    using database = new DatabaseSync(':memory:');
    migrate(database);
    expect(version(database)).toBe(3);
    expect(tables(database)).toEqual(['durations', 'idempotency_keys', 'jobs', 'secrets', 'video_data']);
    migrate(database);
    expect(version(database)).toBe(3);
  });

  it('leave nothing half done when one fails', async () => {
    using folder = tempFolder();
    {
      using database = new DatabaseSync(join(folder.path, 'reelgate.sqlite'));
      // In the way of the last statement.
      database.exec('CREATE TABLE video_data (other TEXT)');
    }
    expect(() => new SqliteJobStore(sqliteOptions(folder.path, { now }))).toThrow('already exists');
    {
      using database = new DatabaseSync(join(folder.path, 'reelgate.sqlite'));
      expect(tables(database)).toEqual(['video_data']);
      expect(version(database)).toBe(0);
      database.exec('DROP TABLE video_data');
    }
    // The failed attempt has let go of the folder.
    await using store = new SqliteJobStore(sqliteOptions(folder.path, { now }));
    expect(await store.nextDueAt()).toBeNull();
  });

  it('refuse a database that a newer Reelgate wrote, touch nothing, and let go of the folder', async () => {
    using folder = tempFolder();
    const first = new SqliteJobStore(sqliteOptions(folder.path, { now }));
    await first[Symbol.asyncDispose]();
    setVersion(folder.path, 4);
    expect(() => new SqliteJobStore(sqliteOptions(folder.path, { now }))).toThrow(
      'The database has schema version 4, this Reelgate knows up to 3: it was written by a newer one.',
    );
    setVersion(folder.path, 3);
    await using store = new SqliteJobStore(sqliteOptions(folder.path, { now }));
    expect(await store.nextDueAt()).toBeNull();
  });
});

function setVersion(folder: string, to: number): void {
  using database = new DatabaseSync(join(folder, 'reelgate.sqlite'));
  expect(version(database)).not.toBe(to);
  database.exec(`PRAGMA user_version = ${to}`);
}

function version(database: DatabaseSync): unknown {
  return database.prepare('PRAGMA user_version').get()?.['user_version'];
}

function tables(database: DatabaseSync): unknown[] {
  const rows = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
  return rows.map((row) => row['name']);
}

import { describe, expect, it } from 'vitest';
import { SqliteDurationStore } from '../../../src/store/sqlite/sqlite-duration-store.ts';
import { StoreUnavailableError } from '../../../src/store/job-store.ts';
import { durationStoreCases } from '../../contract/duration-store.ts';
import { openSqlite } from './open-sqlite.ts';
import { NOON } from '../../support/times.ts';

const now = () => NOON;

describe('what was learned of durations, in SQLite', () => {
  durationStoreCases(async () => {
    const { store, ...opened } = openSqlite({ now });
    const { database, commits } = store;
    return {
      one: new SqliteDurationStore(database, commits),
      other: new SqliteDurationStore(database, commits),
      [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
    };
  });

  it('fails as the store does', async () => {
    const opened = openSqlite({ now });
    const durations = new SqliteDurationStore(opened.store.database, opened.store.commits);
    await opened[Symbol.asyncDispose]();
    await expect(durations.read()).rejects.toThrow(StoreUnavailableError);
    await expect(durations.add([{ group: 'run', moments: { mean: 1, square: 1 } }])).rejects.toThrow(
      StoreUnavailableError,
    );
  });
});

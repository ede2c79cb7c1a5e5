import { describe, expect, it, vi } from 'vitest';
import { SharedCallBudget } from '../../../src/store/call-budget.ts';
import { StoreUnavailableError } from '../../../src/store/job-store.ts';
import { SqliteJobStore } from '../../../src/store/sqlite/sqlite-job-store.ts';
import { SqliteSharedText } from '../../../src/store/sqlite/sqlite-shared-text.ts';
import { callBudgetCases } from '../../contract/call-budget.ts';
import { durationCases } from '../../contract/durations.ts';
import { sharedTextCases } from '../../contract/shared-text.ts';
import { NO_EVENTS } from '../../support/events.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { MINUTE, NOON } from '../../support/times.ts';
import { openSqlite, sqliteOptions } from './open-sqlite.ts';

const now = () => NOON;

const open = async () => {
  const { store, ...opened } = openSqlite({ now });
  return {
    one: textOf(store),
    other: textOf(store),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
};

describe('a shared text in SQLite', () => {
  sharedTextCases(open);

  it('is stored under its name, apart from other texts', async () => {
    await using opened = openSqlite({ now });
    const { database, commits } = opened.store;
    const other = new SqliteSharedText(database, commits, 'other');
    expect(await textOf(opened.store).replace(null, 'text')).toBe(true);
    expect(await other.read()).toBeNull();
    expect(await other.replace(null, 'other text')).toBe(true);
    expect(await textOf(opened.store).read()).toBe('text');
  });

  it('fails with a StoreUnavailableError', async () => {
    const opened = openSqlite({ now });
    const text = textOf(opened.store);
    await opened[Symbol.asyncDispose]();
    await expect(text.read()).rejects.toThrow(StoreUnavailableError);
    await expect(text.replace(null, 'text')).rejects.toThrow(StoreUnavailableError);
    await expect(text.replace('text', 'next')).rejects.toThrow(StoreUnavailableError);
  });
});

describe('the learned durations in SQLite', () => {
  durationCases(open);
});

describe('the call budget in SQLite', () => {
  callBudgetCases(open);

  it.each([5, 50])('makes no more than %i calls a minute over 18 restarts', async (rpm) => {
    using folder = tempFolder();
    const clock = new FakeClock();
    let calls = 0;
    for (let restart = 0; restart < 18; restart += 1) {
      await using store = new SqliteJobStore(sqliteOptions(folder.path, { now: clock.now }));
      const budget = new SharedCallBudget(textOf(store), rpm, clock.now, NO_EVENTS);
      for (let i = 0; i < 3; i += 1) calls += (await budget.reserve(256)).granted;
      clock.jump(MINUTE / 18);
    }
    expect(calls).toBeLessThanOrEqual(rpm);
    // Calls are still made.
    expect(calls).toBeGreaterThanOrEqual(rpm * 0.8);
  });

  it('writes nothing without a limit, nor when a limit grants nothing', async () => {
    await using opened = openSqlite({ now });
    const writes = vi.spyOn(opened.store.commits, 'run');
    const unlimited = new SharedCallBudget(textOf(opened.store), 0, now, NO_EVENTS);
    for (let i = 0; i < 100; i += 1) {
      await unlimited.reserve(256);
      await unlimited.onAnswered();
    }
    expect(writes).not.toHaveBeenCalled();
    const limited = new SharedCallBudget(textOf(opened.store), 5, now, NO_EVENTS);
    expect((await limited.reserve(1)).granted).toBe(1);
    expect(writes).toHaveBeenCalledTimes(1);
    for (let i = 0; i < 100; i += 1) expect((await limited.reserve(1)).granted).toBe(0);
    expect(writes).toHaveBeenCalledTimes(1);
  });
});

function textOf(store: SqliteJobStore): SqliteSharedText {
  return new SqliteSharedText(store.database, store.commits, 'call-budget');
}

import { describe, expect, it, vi } from 'vitest';
import { StoreUnavailableError } from '../../../src/store/job-store.ts';
import { SqliteJobStore } from '../../../src/store/sqlite/sqlite-job-store.ts';
import { SqliteSubmissions } from '../../../src/store/sqlite/sqlite-submissions.ts';
import { SUBMISSION_MEMORY_MS } from '../../../src/store/submissions.ts';
import { submissionsCases, submissionsMemoryCases } from '../../contract/submissions.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { MINUTE, NOON } from '../../support/times.ts';
import { openSqlite, runSql, sqliteOptions } from './open-sqlite.ts';

const now = () => NOON;

const open = async (clock: FakeClock) => {
  const { store, ...opened } = openSqlite({ now: clock.now });
  const one = submissionsOf(store, clock.now);
  const other = submissionsOf(store, clock.now);
  return { one, other, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
};

describe('submissions in SQLite', () => {
  submissionsCases(open);
  submissionsMemoryCases(open);

  it('are known after a restart, including POSTs in flight', async () => {
    await using opened = openSqlite({ now });
    const first = submissionsOf(opened.store, now);
    await first.begin('print', 'job-1');
    await first.end('another', 'job-2', 'up-2');
    await opened.store[Symbol.asyncDispose]();
    await using store = new SqliteJobStore(sqliteOptions(opened.folder, { now }));
    const again = submissionsOf(store, now);
    expect(await again.adopt('print', 'job-3', 'up-1')).toBe('in-flight');
    expect(await again.adopt('another', 'job-3', 'up-2')).toBe('taken');
  });

  it('share one commit with other writes of the same turn', async () => {
    await using opened = openSqlite({ now });
    // Wait for the first purge.
    await opened.store.health();
    const exec = vi.spyOn(opened.store.database, 'exec');
    const submissions = submissionsOf(opened.store, now);
    await Promise.all([
      submissions.begin('print', 'job-1'),
      submissions.begin('print', 'job-2'),
      opened.store.health(),
    ]);
    expect(exec.mock.calls.flat()).toEqual(['BEGIN IMMEDIATE', 'COMMIT']);
  });

  it('are purged after their lifetime', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setImmediate', 'clearImmediate'] });
    try {
      const clock = new FakeClock();
      await using opened = openSqlite({ now: clock.now });
      const submissions = submissionsOf(opened.store, clock.now);
      for (let i = 0; i < 120; i += 1) {
        await submissions.begin(`print-${i}`, `job-${i}`);
        await submissions.end('print', `job-${i}`, `up-${i}`);
      }
      const purgeAfter = (ms: number) => {
        clock.jump(ms);
        vi.advanceTimersByTime(10 * MINUTE);
        while (vi.getTimerCount() > 1) vi.advanceTimersToNextTimer();
        return ['submissions_in_flight', 'upstream_requests'].map(
          (table) => runSql(opened.folder, `SELECT * FROM ${table}`).length,
        );
      };
      expect(purgeAfter(SUBMISSION_MEMORY_MS - 1)).toEqual([120, 120]);
      expect(purgeAfter(1)).toEqual([0, 0]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('fails with a StoreUnavailableError', async () => {
    const opened = openSqlite({ now });
    const submissions = submissionsOf(opened.store, now);
    await opened[Symbol.asyncDispose]();
    await expect(submissions.begin('print', 'job-1')).rejects.toThrow(StoreUnavailableError);
    await expect(submissions.end('print', 'job-1', null)).rejects.toThrow(StoreUnavailableError);
    await expect(submissions.adopt('print', 'job-1', 'up-1')).rejects.toThrow(StoreUnavailableError);
  });
});

function submissionsOf(store: SqliteJobStore, clock: () => number): SqliteSubmissions {
  return new SqliteSubmissions(store.database, store.commits, clock);
}

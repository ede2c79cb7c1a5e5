import { describe, expect, it, vi } from 'vitest';
import type { Job } from '../../../src/domain/job/job.ts';
import type { FaultEvent } from '../../../src/events/gateway-events.ts';
import type { ListQuery } from '../../../src/store/job-store.ts';
import { SqliteJobStore } from '../../../src/store/sqlite/sqlite-job-store.ts';
import { createAll, leaseAll, unavailableBy } from '../../contract/job-store-cases/opened-store.ts';
import { listening } from '../../support/events.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { acceptedJob, completed, videoRequest } from '../../support/jobs.ts';
import { DAY, HOUR, NOON, SECOND } from '../../support/times.ts';
import { openSqlite, runSql, sqliteOptions } from './open-sqlite.ts';

const now = () => NOON;
const REFUSE = `CREATE TRIGGER refuse BEFORE INSERT ON prompt_keys BEGIN SELECT raise(ABORT, 'no room'); END`;

describe('the index of prompts', () => {
  it('gets the jobs that ended before there was an index, newest first, and refuses what it may miss', async () => {
    await using opened = openSqlite({ now });
    const jobs = await finish(opened.store, 100);
    const ids = jobs.map(({ id }) => id);
    expect(await search(opened.store)).toEqual(ids.toReversed());
    await opened.store[Symbol.asyncDispose]();
    // As a migration leaves the index, after a part of the work.
    runSql(opened.folder, 'DELETE FROM prompt_keys WHERE job_id < ?', ids[60] ?? '');
    runSql(opened.folder, 'INSERT INTO prompts_filled_from VALUES (?)', ids[60] ?? '');
    runSql(opened.folder, REFUSE);
    const onFault = vi.fn<(fault: FaultEvent) => void>();
    const events = listening('fault', onFault);
    await using store = new SqliteJobStore(sqliteOptions(opened.folder, { now, events }));
    expect(onFault).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ details: { err: expect.objectContaining({ message: 'no room' }) } }),
    );
    expect(await search(store, { limit: 40 })).toEqual(ids.slice(60).toReversed());
    expect(await search(store, { newerThan: ids[60] ?? null })).toEqual(ids.slice(61).toReversed());
    expect(await search(store, { phases: ['queued'] })).toEqual([]);
    for (const change of [
      { limit: 41 },
      { ascending: true, limit: 1 },
      { olderThan: ids[70] ?? null, limit: 20 },
    ]) {
      const error = await unavailableBy(search(store, change));
      expect(error.message).toMatch(/^The prompts of older jobs are being indexed/);
    }
    runSql(opened.folder, 'DROP TRIGGER refuse');
    // A search continues the work that a fault has ended.
    expect(await search(store, { limit: 41 })).toEqual(ids.slice(59).toReversed());
    await vi.waitFor(() => expect(count(opened.folder, 'prompts_filled_from')).toBe(0), 9000);
    expect(await search(store)).toEqual(ids.toReversed());
    expect(await search(store, { ascending: true })).toEqual(ids);
  });

  it('gets jobs that ended shortly before the process was killed', async () => {
    await using opened = openSqlite({ now });
    const [job] = await finish(opened.store, 1);
    expect(count(opened.folder, 'prompts_pending')).toBe(1);
    expect(count(opened.folder, 'prompt_keys')).toBe(0);
    await opened.store[Symbol.asyncDispose]();
    await using store = new SqliteJobStore(sqliteOptions(opened.folder, { now }));
    expect(await search(store)).toEqual([job?.id]);
    expect(count(opened.folder, 'prompts_pending')).toBe(0);
  });

  it('gets them in the background, without a search', async () => {
    await using opened = openSqlite({ now });
    await finish(opened.store, 70);
    await vi.waitFor(() => expect(count(opened.folder, 'prompt_keys')).toBe(70), 9000);
    expect(count(opened.folder, 'prompts_pending')).toBe(0);
  });

  it('loses the entries of removed, purged and quarantined jobs, and gets those of repaired ones', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setImmediate', 'clearImmediate'] });
    try {
      const clock = new FakeClock();
      await using opened = openSqlite({ now: clock.now, retentionMs: DAY });
      const { store, folder } = opened;
      const [removed, broken, kept] = await finish(store, 3);
      if (removed === undefined || broken === undefined || kept === undefined) throw new Error('No jobs.');
      expect(await search(store)).toHaveLength(3);
      await store.remove(removed);
      expect(entries(folder)).toEqual([broken.id, kept.id]);
      await opened.damage(broken.id, 'syntax');
      expect(await search(store)).toEqual([kept.id]);
      await store.health();
      expect(entries(folder)).toEqual([kept.id]);
      await store[Symbol.asyncDispose]();
      runSql(folder, 'UPDATE jobs SET body = ? WHERE id = ?', JSON.stringify(broken), broken.id);
      await using again = new SqliteJobStore(sqliteOptions(folder, { now: clock.now, retentionMs: DAY }));
      expect(await search(again)).toEqual([kept.id, broken.id]);
      clock.jump(2 * DAY);
      vi.advanceTimersToNextTimer();
      expect(await search(again)).toEqual([]);
      expect(entries(folder)).toEqual([]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('finds jobs of distant times in order, page by page from either side', async () => {
    await using opened = openSqlite({ now });
    const { store } = opened;
    const ids: string[] = [];
    for (let i = 0; i < 12; i += 1) {
      const [cat, dog] = [`red cat ${i}`, `red dog ${i}`];
      // Some of them are next to the start of a period of the index.
      const from = i % 3 === 0 ? (427_500 + i) * 2 ** 22 - SECOND : NOON + i * 100 * DAY;
      for (const job of await finish(store, 3, i % 2 === 0 ? cat : dog, from)) ids.push(job.id);
    }
    const sorted = ids.toSorted();
    const cats = new Set(ids.filter((_, i) => Math.floor(i / 3) % 2 === 0));
    const expected = sorted.filter((id) => cats.has(id));
    for (const text of ['cat', 'red cat', 'cat re']) {
      expect(await search(store, { ascending: true }, text)).toEqual(expected);
      const pages: string[] = [];
      for (let page = await search(store, { limit: 4 }, text); page.length > 0;) {
        pages.push(...page);
        page = await search(store, { limit: 4, olderThan: page.at(-1) ?? null }, text);
      }
      expect(pages).toEqual(expected.toReversed());
    }
    expect(await search(store, {}, 'cat dog')).toEqual([]);
  });
});

/** Creates jobs a second apart and completes them. */
async function finish(store: SqliteJobStore, total: number, prompt = 'a cat', from = NOON): Promise<Job[]> {
  const request = videoRequest({ prompt });
  const jobs = Array.from({ length: total }, (_, i) =>
    acceptedJob({ request, createdAt: from + i * SECOND }),
  );
  await createAll(store, jobs);
  const leases = await leaseAll(store, from + HOUR);
  return Promise.all(
    leases.map(async ({ job, leaseId }) => {
      const done = completed(job, NOON);
      await store.save(leaseId, { job: done, schedule: null });
      return done;
    }),
  );
}

/** The ids of the jobs that are found. */
async function search(
  store: SqliteJobStore,
  change: Partial<ListQuery> = {},
  prompt = 'cat',
): Promise<string[]> {
  const all = {
    ownerId: 'ada',
    phases: null,
    olderThan: null,
    newerThan: null,
    ascending: false,
    limit: 1000,
  };
  return (await store.list({ ...all, prompt, ...change })).map(({ id }) => id);
}

function count(folder: string, table: string): unknown {
  const [row] = runSql(folder, `SELECT count(*) AS count FROM ${table}`);
  return Object(row).count;
}

/** The ids of the jobs in the index. */
function entries(folder: string): unknown[] {
  const rows = runSql(
    folder,
    'SELECT job_id FROM prompts JOIN prompt_keys ON key = prompts.rowid ORDER BY key',
  );
  return rows.map((row) => Object(row).job_id);
}

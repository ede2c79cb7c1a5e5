import { describe, expect, it, vi } from 'vitest';
import type { UnreadableRecordEvent } from '../../../src/events/gateway-events.ts';
import { SqliteJobStore } from '../../../src/store/sqlite/sqlite-job-store.ts';
import {
  leaseAll,
  createAll,
  createAndLease,
  idsOf,
  present,
} from '../../contract/job-store-cases/opened-store.ts';
import { listening, NO_EVENTS } from '../../support/events.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { acceptedJob, completed, nextVersion, record } from '../../support/jobs.ts';
import { DAY, HOUR, MINUTE, NOON, SECOND } from '../../support/times.ts';
import { type OpenedSqlite, openSqlite, runSql, sqliteOptions } from './open-sqlite.ts';

const now = () => NOON;
const ALL = { ownerId: 'ada', phases: null, olderThan: null, newerThan: null, ascending: true, limit: 9 };

/** SET clauses that damage a job's row. */
const DAMAGES = [
  ["body = ''"],
  ["body = 'null'"],
  ["body = '{'"],
  ["body = json_set(body, '$.version', 2)"],
  ["body = json_set(body, '$.id', 'another')"],
  ["body = json_set(body, '$.ownerId', 'bob')"],
  ['version = 9007199254740993'],
  ['version = -1'],
  ["phase = 'queued'"],
  ["body = json_set(body, '$.phase', 'asleep'), phase = 'asleep'"],
] as const;

describe('records that cannot be read', () => {
  it.each(DAMAGES)('are quarantined, for each part that is damaged: %s', async (damage) => {
    await using opened = openSqlite({ now });
    const jobs = [acceptedJob(), acceptedJob(), acceptedJob()];
    await createAll(opened.store, jobs);
    const [first, broken, last] = jobs.map(present);
    runSql(opened.folder, `UPDATE jobs SET ${damage} WHERE id = ?`, present(broken).id);
    expect(idsOf(await leaseAll(opened.store, NOON))).toEqual(idsOf([first, last].map(present)));
    expect(opened.unreadable).toEqual([broken?.id]);
    expect(await opened.store.health()).toEqual({ quarantined: 1 });
    expect(await opened.store.list(ALL)).toEqual([first, last]);
    expect(await opened.store.getMany([present(broken).id])).toEqual([null]);
  });

  it.each([
    ['faults = 9007199254740993'],
    ['seen_at = 9007199254740993'],
    ["notes = '['"],
    ["notes = 'null'"],
  ])('do not include jobs of which only the poller’s fields are invalid: %s', async (damage) => {
    await using opened = openSqlite({ now });
    const jobs = [acceptedJob(), acceptedJob()];
    await createAll(opened.store, jobs);
    runSql(opened.folder, `UPDATE jobs SET ${damage} WHERE id = ?`, present(jobs[0]).id);
    const leases = await leaseAll(opened.store, NOON);
    expect(idsOf(leases).toSorted()).toEqual(idsOf(jobs));
    expect(leases.map(({ notes }) => notes)).toEqual([{}, {}]);
  });

  it.each([['due_at = 9007199254740993'], ['due_at = -9007199254740993']])(
    'do not hide the due time of others: %s',
    async (damage) => {
      await using opened = openSqlite({ now });
      const jobs = [acceptedJob(), acceptedJob()];
      await createAll(opened.store, jobs);
      runSql(opened.folder, `UPDATE jobs SET ${damage} WHERE id = ?`, present(jobs[0]).id);
      expect(await opened.store.nextDueAt()).toBeLessThanOrEqual(NOON);
      expect(idsOf(await leaseAll(opened.store, NOON))).toContain(jobs[1]?.id);
      await using store = await reopen(opened);
      expect(idsOf(await leaseAll(store, NOON)).toSorted()).toEqual(idsOf(jobs));
    },
  );

  it('stay quarantined and counted after a restart, and each process reports them once', async () => {
    await using opened = await openWithBroken();
    await opened.store[Symbol.asyncDispose]();
    const onUnreadable = vi.fn<(event: UnreadableRecordEvent) => void>();
    const events = listening('store:unreadable', onUnreadable);
    await using store = new SqliteJobStore(sqliteOptions(opened.folder, { now, events }));
    expect(await store.health()).toEqual({ quarantined: 1 });
    expect(await leaseAll(store, NOON + HOUR)).toEqual([]);
    expect(await store.list(ALL)).toEqual([]);
    expect(onUnreadable).toHaveBeenCalledExactlyOnceWith({ id: opened.id, error: expect.any(SyntaxError) });
  });

  it('are due at once after a restart when they were repaired', async () => {
    await using opened = await openWithBroken();
    await opened.store[Symbol.asyncDispose]();
    runSql(opened.folder, 'UPDATE jobs SET body = ? WHERE id = ?', JSON.stringify(opened.job), opened.id);
    await using store = new SqliteJobStore(sqliteOptions(opened.folder, { now: () => NOON + MINUTE }));
    expect(await store.health()).toEqual({ quarantined: 0 });
    expect(await store.nextDueAt()).toBe(NOON + MINUTE);
    const [leased] = await leaseAll(store, NOON + MINUTE);
    expect(leased?.job).toEqual(opened.job);
    // The retention is the same as for other jobs.
    expect(runSql(opened.folder, 'SELECT purge_at FROM jobs')).toEqual([{ purge_at: null }]);
  });

  it('are not due after a restart when they were repaired as final', async () => {
    await using opened = await openWithBroken();
    await opened.store[Symbol.asyncDispose]();
    const done = { ...completed(opened.job, NOON), version: 1 };
    const body = JSON.stringify(done);
    runSql(opened.folder, "UPDATE jobs SET body = ?, phase = 'completed' WHERE id = ?", body, opened.id);
    await using store = new SqliteJobStore(sqliteOptions(opened.folder, { now }));
    expect(await store.nextDueAt()).toBeNull();
    expect(await store.getMany([opened.id])).toEqual([done]);
    expect(await store.health()).toEqual({ quarantined: 0 });
  });

  it('are forgotten after a restart when their rows were deleted', async () => {
    await using opened = await openWithBroken();
    await opened.store[Symbol.asyncDispose]();
    runSql(opened.folder, 'DELETE FROM jobs');
    await using store = new SqliteJobStore(sqliteOptions(opened.folder, { now }));
    expect(await store.health()).toEqual({ quarantined: 0 });
  });

  it('are repaired by a save of the poller that leased the job', async () => {
    await using opened = openSqlite({ now });
    const { store, folder } = opened;
    const [kept, ended] = [
      await createAndLease(store, acceptedJob()),
      await createAndLease(store, acceptedJob()),
    ];
    for (const { job } of [kept, ended]) await opened.damage(job.id, 'syntax');
    expect(await store.list(ALL)).toEqual([]);
    expect(await store.health()).toEqual({ quarantined: 2 });
    const [queued, done] = [nextVersion(kept.job, { phase: 'queued' }), completed(ended.job, NOON)];
    expect(await store.save(kept.leaseId, { job: queued, schedule: null })).toBe('saved');
    expect(await store.save(ended.leaseId, { job: done, schedule: null })).toBe('saved');
    expect(await store.list(ALL)).toEqual([queued, done]);
    expect(await store.health()).toEqual({ quarantined: 0 });
    expect(await store.nextDueAt()).toBe(NOON);
    expect((await leaseAll(store, NOON)).map(({ job }) => job)).toEqual([queued]);
    expect(runSql(folder, 'SELECT * FROM quarantine')).toEqual([]);
  });

  it('are not quarantined when an earlier save repairs them', async () => {
    await using opened = openSqlite({ now });
    const { store } = opened;
    const leased = await createAndLease(store, acceptedJob());
    await opened.damage(leased.job.id, 'syntax');
    const queued = nextVersion(leased.job, { phase: 'queued' });
    const schedule = { runAt: NOON + SECOND, failureCount: 0, lastPolledAt: null };
    const saved = store.save(leased.leaseId, { job: queued, schedule });
    expect(await store.list(ALL)).toEqual([]);
    expect(await saved).toBe('saved');
    expect(await store.health()).toEqual({ quarantined: 0 });
    expect(await store.list(ALL)).toEqual([queued]);
    expect(await store.nextDueAt()).toBe(NOON + SECOND);
  });

  it('are hidden also when the quarantine cannot be written, which happens later', async () => {
    await using opened = openSqlite({ now });
    const { store, folder } = opened;
    const jobs = [acceptedJob(), acceptedJob()];
    await createAll(store, jobs);
    await opened.damage(present(jobs[0]).id, 'syntax');
    runSql(folder, "CREATE TRIGGER refuse BEFORE UPDATE ON jobs BEGIN SELECT raise(ABORT, 'no room'); END");
    expect(idsOf(await leaseAll(store, NOON))).toEqual([jobs[1]?.id]);
    expect(idsOf(await leaseAll(store, NOON + 2 * MINUTE))).toEqual([jobs[1]?.id]);
    expect(await store.health()).toEqual({ quarantined: 1 });
    runSql(folder, 'DROP TRIGGER refuse');
    await using again = await reopen(opened);
    expect(idsOf(await leaseAll(again, NOON))).toEqual([jobs[1]?.id]);
    expect(await again.health()).toEqual({ quarantined: 1 });
    expect(runSql(folder, 'SELECT job_id, since FROM quarantine')).toEqual([
      { job_id: jobs[0]?.id, since: NOON },
    ]);
  });

  it('are removed from the cache', async () => {
    await using opened = openSqlite({ now });
    const { store } = opened;
    const job = acceptedJob();
    await createAll(store, [job]);
    expect(store.cache.get(job.id)).toEqual(job);
    await opened.damage(job.id, 'syntax');
    await leaseAll(store, NOON);
    expect(store.cache.get(job.id)).toBeUndefined();
    expect(await store.getMany([job.id])).toEqual([null]);
  });

  it('are purged like finished jobs after the retention, together with their entry in the quarantine', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setImmediate', 'clearImmediate'] });
    try {
      const clock = new FakeClock();
      await using opened = openSqlite({ now: clock.now, retentionMs: HOUR });
      const { store, folder } = opened;
      const [broken, done] = [acceptedJob(), acceptedJob()];
      await createAll(store, [broken, done]);
      const leased = present((await leaseAll(store, NOON)).find(({ job }) => job.id === done.id));
      await store.save(leased.leaseId, { job: completed(done, NOON), schedule: null });
      for (const { id } of [broken, done]) await opened.damage(id, 'form');
      await store.list(ALL);
      expect(await store.health()).toEqual({ quarantined: 2 });
      const purgeAfter = (ms: number) => {
        clock.jump(ms);
        vi.advanceTimersByTime(10 * MINUTE);
        while (vi.getTimerCount() > 1) vi.advanceTimersToNextTimer();
        return runSql(folder, 'SELECT id FROM jobs').length;
      };
      // An idempotency key could still refer to the job.
      expect(purgeAfter(DAY - 1)).toBe(2);
      expect(purgeAfter(1)).toBe(0);
      expect(await store.health()).toEqual({ quarantined: 0 });
      expect(runSql(folder, 'SELECT * FROM quarantine')).toEqual([]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('count towards the daily limits, but not as unfinished', async () => {
    await using opened = await openWithBroken();
    const limits = { unfinished: 1, unfinishedPerOwner: 1, perDay: 0, perDayPerOwner: 0 };
    const create = (change: Partial<typeof limits>) =>
      opened.store.create(record(acceptedJob(), { limits: { ...limits, ...change } }));
    expect(await create({ perDay: 1 })).toMatchObject({ type: 'refused', limit: 'perDay' });
    expect(await create({})).toEqual({ type: 'created' });
  });
});

/** A store with one job, which is quarantined. */
async function openWithBroken() {
  const opened = openSqlite({ now });
  const job = acceptedJob();
  await createAll(opened.store, [job]);
  await opened.damage(job.id, 'syntax');
  expect(await leaseAll(opened.store, NOON)).toEqual([]);
  expect(await opened.store.health()).toEqual({ quarantined: 1 });
  return { ...opened, id: job.id, job };
}

/** Closes a store and opens it again, with unreadable records allowed. */
async function reopen({ store, folder }: OpenedSqlite): Promise<SqliteJobStore> {
  await store[Symbol.asyncDispose]();
  return new SqliteJobStore(sqliteOptions(folder, { now, events: NO_EVENTS }));
}

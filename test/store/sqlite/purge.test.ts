import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Job } from '../../../src/domain/job/job.ts';
import type { FaultEvent } from '../../../src/events/gateway-events.ts';
import { SqliteDeliveries } from '../../../src/store/sqlite/sqlite-deliveries.ts';
import { SqliteJobStore } from '../../../src/store/sqlite/sqlite-job-store.ts';
import { deliveryIdOf } from '../../../src/store/webhook-deliveries.ts';
import { leaseAll, createAndLease, present } from '../../contract/job-store-cases/opened-store.ts';
import { listening } from '../../support/events.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { acceptedJob, completed, record } from '../../support/jobs.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { DAY, HOUR, MINUTE } from '../../support/times.ts';
import { openSqlite, sqliteOptions } from './open-sqlite.ts';

const MEGABYTE = 1_000_000;

describe('the purge', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setImmediate', 'clearImmediate'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('keeps a final job and its video for the retention, then purges both', async () => {
    const clock = new FakeClock();
    await using opened = openSqlite(clock);
    const { store } = opened;
    const job = await finishOne(store, clock, 'QUJD');
    purgeAfter(clock, 7 * DAY - 1);
    expect(await store.getMany([job.id])).toEqual([job]);
    expect(await store.getVideoData(job.id)).toBe('QUJD');
    purgeAfter(clock, 1);
    expect(await store.getMany([job.id])).toEqual([null]);
    expect(await store.getVideoData(job.id)).toBeNull();
  });

  it('counts the retention from the end of the job, and never purges an unfinished one', async () => {
    const clock = new FakeClock();
    await using opened = openSqlite(clock);
    const { store } = opened;
    const leased = await createAndLease(store, acceptedJob());
    purgeAfter(clock, 8 * DAY);
    expect(await store.getMany([leased.job.id])).toEqual([leased.job]);
    await store.save(leased.leaseId, { job: completed(leased.job, clock.now()), schedule: null });
    purgeAfter(clock, 7 * DAY - 1);
    expect(await store.getMany([leased.job.id])).not.toEqual([null]);
    purgeAfter(clock, 1);
    expect(await store.getMany([leased.job.id])).toEqual([null]);
  });

  it('ends the webhook deliveries of a job with the job, deleted or not', async () => {
    const clock = new FakeClock();
    await using opened = openSqlite(clock);
    const { store } = opened;
    const deliveries = new SqliteDeliveries(store.database, store.commits, store.quarantine);
    const url = 'https://example.com/hook';
    const jobs: Job[] = [];
    for (let count = 0; count < 2; count += 1) {
      const { job, leaseId } = await createAndLease(store, acceptedJob({ createdAt: clock.now() }));
      const done = completed(job, clock.now());
      const message = { id: deliveryIdOf(done, url), url };
      await store.save(leaseId, { job: done, schedule: null, deliveries: [message] });
      jobs.push(done);
    }
    await store.remove(present(jobs[0]));
    purgeAfter(clock, 7 * DAY - 1);
    expect(await deliveries.countWaiting()).toBe(2);
    // A worker has leased one and died.
    await deliveries.lease({ now: clock.now(), limit: 1, leaseUntil: clock.now() + MINUTE });
    purgeAfter(clock, 1);
    expect(await deliveries.countWaiting()).toBe(0);
    expect(await deliveries.nextDueAt()).toBeNull();
  });

  it('keeps a job for as long as its idempotency key also with a shorter retention', async () => {
    const clock = new FakeClock();
    await using opened = openSqlite({ now: clock.now, retentionMs: HOUR });
    const { store } = opened;
    const first = acceptedJob();
    const again = () => store.create(record(acceptedJob({ createdAt: clock.now() }), KEY));
    await store.create(record(first, KEY));
    const [leased] = await leaseAll(store, clock.now());
    const done = completed(first, clock.now());
    await store.save(present(leased).leaseId, { job: done, schedule: null });
    purgeAfter(clock, DAY - 1);
    expect(await again()).toEqual({ type: 'duplicate', job: done });
    purgeAfter(clock, 1);
    expect(await store.getMany([first.id])).toEqual([null]);
    expect(await again()).toEqual({ type: 'created' });
  });

  it('runs at the start and every ten minutes', async () => {
    const clock = new FakeClock();
    await using opened = openSqlite({ now: clock.now, retentionMs: DAY });
    const job = await finishOne(opened.store, clock);
    await opened.store[Symbol.asyncDispose]();
    clock.jump(DAY);
    await using store = new SqliteJobStore(
      sqliteOptions(opened.folder, { now: clock.now, retentionMs: DAY }),
    );
    expect(await store.getMany([job.id])).toEqual([job]);
    vi.advanceTimersByTime(0);
    expect(await store.getMany([job.id])).toEqual([null]);
    for (let i = 0; i < 2; i += 1) {
      const next = await finishOne(store, clock);
      clock.jump(DAY);
      vi.advanceTimersByTime(10 * MINUTE - 1);
      expect(await store.getMany([next.id])).toEqual([next]);
      vi.advanceTimersByTime(1);
      expect(await store.getMany([next.id])).toEqual([null]);
    }
  });

  it('purges many jobs at once with their videos and keys', async () => {
    const clock = new FakeClock();
    await using opened = openSqlite({ now: clock.now, retentionMs: DAY });
    const { store } = opened;
    const kept = await createAndLease(store, acceptedJob());
    const jobs: Job[] = [];
    for (let i = 0; i < 230; i += 1) jobs.push(await finishOne(store, clock, 'QUJD', `key-${i}`));
    purgeAfter(clock, DAY);
    const ids = jobs.map(({ id }) => id);
    expect((await store.getMany(ids)).every((job) => job === null)).toBe(true);
    const videos = await Promise.all(ids.map((id) => store.getVideoData(id)));
    expect(videos.every((video) => video === null)).toBe(true);
    expect(await store.getMany([kept.job.id])).toEqual([kept.job]);
  });

  it('purges many expired keys, and keeps their jobs', async () => {
    const clock = new FakeClock();
    await using opened = openSqlite(clock);
    const { store, folder } = opened;
    const jobs: Job[] = [];
    for (let i = 0; i < 120; i += 1) jobs.push(await finishOne(store, clock, 'QUJD', `key-${i}`));
    purgeAfter(clock, DAY - 1);
    expect(keysIn(folder)).toBe(120);
    purgeAfter(clock, 1);
    expect(keysIn(folder)).toBe(0);
    const ids = jobs.map(({ id }) => id);
    expect(await countOf(store, ids)).toBe(120);
  });

  it('lets other work run between slices', async () => {
    const clock = new FakeClock();
    await using opened = openSqlite({ now: clock.now, retentionMs: DAY });
    const { store } = opened;
    vi.advanceTimersToNextTimer();
    const jobs: Job[] = [];
    for (let i = 0; i < 230; i += 1) jobs.push(await finishOne(store, clock));
    clock.jump(DAY);
    const ids = jobs.map(({ id }) => id);
    vi.advanceTimersByTime(10 * MINUTE);
    const left = [await countOf(store, ids)];
    while (isPurging()) {
      vi.advanceTimersToNextTimer();
      left.push(await countOf(store, ids));
    }
    expect(left).toEqual([180, 130, 80, 30, 0]);
  });

  it('returns free space to the file system', async () => {
    const clock = new FakeClock();
    await using opened = openSqlite({ now: clock.now, retentionMs: DAY });
    const empty = sizeOf(opened.folder);
    for (let round = 0; round < 3; round += 1) {
      for (let i = 0; i < 20; i += 1) await finishOne(opened.store, clock, 'A'.repeat(MEGABYTE));
      expect(sizeOf(opened.folder)).toBeGreaterThan(20 * MEGABYTE);
      purgeAfter(clock, DAY);
      expect(sizeOf(opened.folder)).toBeLessThan(empty + 0.2 * MEGABYTE);
    }
  });

  it('reports a failure, and tries again ten minutes later', async () => {
    const clock = new FakeClock();
    const onFault = vi.fn<(fault: FaultEvent) => void>();
    const events = listening('fault', onFault);
    using folder = tempFolder();
    let fault: Error | null = null;
    const now = () => {
      if (fault !== null) throw fault;
      return clock.now();
    };
    await using store = new SqliteJobStore(sqliteOptions(folder.path, { now, retentionMs: DAY, events }));
    vi.advanceTimersByTime(0);
    const job = await finishOne(store, clock);
    fault = new Error('no time');
    purgeAfter(clock, DAY);
    expect(onFault).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ details: { err: expect.objectContaining({ cause: fault }) } }),
    );
    fault = null;
    purgeAfter(clock, 0);
    expect(await store.getMany([job.id])).toEqual([null]);
    expect(onFault).toHaveBeenCalledTimes(1);
  });

  it('leaves no timer when the store is closed, also during a long purge', async () => {
    const clock = new FakeClock();
    await using opened = openSqlite({ now: clock.now, retentionMs: DAY });
    for (let i = 0; i < 120; i += 1) await finishOne(opened.store, clock);
    clock.jump(DAY);
    vi.advanceTimersToNextTimer();
    expect(vi.getTimerCount()).toBe(2);
    await opened.store[Symbol.asyncDispose]();
    expect(vi.getTimerCount()).toBe(0);
  });
});

const KEY = { idempotencyKey: 'order-7' };

/** Creates a job and completes it. */
async function finishOne(
  store: SqliteJobStore,
  clock: FakeClock,
  videoData?: string,
  idempotencyKey: string | null = null,
): Promise<Job> {
  const job = acceptedJob({ createdAt: clock.now() });
  await store.create(record(job, { idempotencyKey }));
  const [leased] = await leaseAll(store, clock.now());
  const change = { job: completed(job, clock.now()), schedule: null };
  await store.save(present(leased).leaseId, videoData === undefined ? change : { ...change, videoData });
  return change.job;
}

/** Advances the time, fires the timer of the purge, and waits for the end of the purge. */
function purgeAfter(clock: FakeClock, ms: number): void {
  clock.jump(ms);
  vi.advanceTimersByTime(10 * MINUTE);
  while (isPurging()) vi.advanceTimersToNextTimer();
}

/** The immediate of the next slice, in addition to the timer. */
function isPurging(): boolean {
  return vi.getTimerCount() > 1;
}

async function countOf(store: SqliteJobStore, ids: readonly string[]): Promise<number> {
  return (await store.getMany(ids)).filter((job) => job !== null).length;
}

/** The number of stored idempotency keys, expired ones included. */
function keysIn(folder: string): unknown {
  using database = new DatabaseSync(join(folder, 'reelgate.sqlite'));
  return database.prepare('SELECT count(*) AS count FROM idempotency_keys').get()?.['count'];
}

function sizeOf(folder: string): number {
  const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size);
  return sizes.reduce((sum, size) => sum + size, 0);
}

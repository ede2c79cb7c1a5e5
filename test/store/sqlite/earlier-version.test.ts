import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Job } from '../../../src/domain/job/job.ts';
import type { ListQuery } from '../../../src/store/job-store.ts';
import { SqliteFileTasks } from '../../../src/store/sqlite/sqlite-file-tasks.ts';
import { SqliteJobStore } from '../../../src/store/sqlite/sqlite-job-store.ts';
import { SqliteSharedText } from '../../../src/store/sqlite/sqlite-shared-text.ts';
import { SqliteSubmissions } from '../../../src/store/sqlite/sqlite-submissions.ts';
import { idsOf, leaseAll, leaseUpTo, present } from '../../contract/job-store-cases/opened-store.ts';
import { NO_EVENTS } from '../../support/events.ts';
import { acceptedJob, completed, keyedJob, limits, record } from '../../support/jobs.ts';
import { type TempFolder, tempFolder } from '../../support/temp-folder.ts';
import { DAY, MINUTE, SECOND } from '../../support/times.ts';
import { runSql, sqliteOptions } from './open-sqlite.ts';

/** A job as the earlier version read it, with the poller's fields of those that it had scheduled. */
interface StoredJob {
  readonly job: Job;
  readonly faults?: number;
  readonly seen?: number | null;
}

/** What the earlier version had stored in the database next to this file. The gateway of schema version 6 wrote both. */
interface Fixture {
  readonly writtenAt: number;
  readonly texts: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, StoredJob>>;
}

const FIXTURES = join(import.meta.dirname, 'fixtures');
const FINISHED = [
  'completed',
  'base64',
  'completedWithKey',
  'failedUncharged',
  'failedUnknown',
  'failedCharged',
];
const UNFINISHED = [
  'acceptedWithKey',
  'waiting',
  'submitting',
  'settling',
  'queued',
  'processing',
  'collecting',
];

describe('a database of schema version 6', () => {
  const fixture: Fixture = JSON.parse(readFileSync(join(FIXTURES, 'schema-6.json'), 'utf8'));
  const now = () => fixture.writtenAt;
  const stored = (name: string) => present(fixture.jobs[name]);
  const jobOf = (name: string): Job => ({
    ...stored(name).job,
    startBefore: null,
    webhookUrl: null,
    traceparent: null,
  });

  it('keeps all jobs and videos', async () => {
    using folder = copyOfFixture();
    await using store = open(folder);
    const names = [...FINISHED, 'ofBob', ...UNFINISHED];
    const jobs = names.map(jobOf);
    expect(await store.getMany(idsOf(jobs))).toEqual(jobs);
    expect(await store.getVideoData(jobOf('base64').id)).toBe('QUJD');
    expect(await store.getMany([jobOf('quarantined').id])).toEqual([null]);
    expect(await store.health()).toEqual({ quarantined: 1 });
  });

  it('lists and searches them', async () => {
    using folder = copyOfFixture();
    await using store = open(folder);
    const newestFirst = [...FINISHED, ...UNFINISHED].map(jobOf).toReversed();
    expect(await list(store)).toEqual(newestFirst);
    expect(await list(store, { ascending: true, limit: 3 })).toEqual(newestFirst.toReversed().slice(0, 3));
    expect(await list(store, { phases: ['failed'] })).toEqual(
      newestFirst.filter(({ phase }) => phase === 'failed'),
    );
    expect(await list(store, { ownerId: 'bob' })).toEqual([jobOf('ofBob')]);
    const cats = newestFirst.filter(({ request }) => /\bcats?\b/u.test(request.prompt));
    expect(await list(store, { prompt: 'cat' })).toEqual(cats);
    expect(await list(store, { prompt: 'cafe lodz' })).toEqual([jobOf('base64')]);
    expect(await list(store, { prompt: 'cat', ownerId: 'bob' })).toEqual([jobOf('ofBob')]);
  });

  it('leases the unfinished jobs with their failures and polls', async () => {
    using folder = copyOfFixture();
    await using store = open(folder);
    const leases = await leaseAll(store, now() + 10 * SECOND);
    expect(new Set(idsOf(leases))).toEqual(new Set(UNFINISHED.map((name) => jobOf(name).id)));
    for (const name of UNFINISHED) {
      const leased = present(leases.find(({ job }) => job.id === jobOf(name).id));
      const { faults = 0, seen = null } = stored(name);
      expect(leased).toMatchObject({ job: jobOf(name), failureCount: faults, lastPolledAt: seen });
    }
    const expired = jobOf('acceptedWithKey').deadlineAt;
    const late = await leaseUpTo(store, expired, 9, { callLimit: 0 });
    expect(idsOf(late)).toContain(jobOf('acceptedWithKey').id);
  });

  it('keeps idempotency keys, also of a job that is removed now', async () => {
    using folder = copyOfFixture();
    await using store = open(folder);
    const create = (idempotencyKey: string) =>
      store.create(record(keyedJob(idempotencyKey), { idempotencyKey }));
    // The requests differ from those of the jobs.
    expect(await create('order-1')).toEqual({ type: 'conflict', job: jobOf('completedWithKey') });
    expect(await create('order-2')).toEqual({ type: 'conflict', job: jobOf('acceptedWithKey') });
    expect(await store.remove(jobOf('completedWithKey'))).toBe('removed');
    expect(await create('order-1')).toEqual({ type: 'removed' });
    expect(await list(store, { prompt: 'sleeps' })).toEqual([]);
  });

  it('counts the jobs towards the limits', async () => {
    using folder = copyOfFixture();
    await using store = open(folder);
    const create = (change: Parameters<typeof limits>[0]) =>
      store.create(record(acceptedJob({ createdAt: now() }), { limits: limits(change) }));
    // 7 unfinished jobs; 14 jobs count for the day, one of them is Bob's and one is quarantined.
    expect(await create({ unfinished: 7 })).toMatchObject({ type: 'refused', limit: 'unfinished' });
    expect(await create({ unfinishedPerOwner: 7 })).toMatchObject({ type: 'refused' });
    const oldest = jobOf('completed').createdAt + DAY - now();
    expect(await create({ perDay: 14 })).toEqual({ type: 'refused', limit: 'perDay', retryAfterMs: oldest });
    expect(await create({ perDayPerOwner: 13 })).toEqual({
      type: 'refused',
      limit: 'perDayPerOwner',
      retryAfterMs: oldest,
    });
    expect(await create({ unfinished: 8, unfinishedPerOwner: 8, perDay: 15, perDayPerOwner: 14 })).toEqual({
      type: 'created',
    });
    const counts = runSql(folder.path, 'SELECT scope, count FROM unfinished_counts ORDER BY scope');
    expect(counts).toEqual([
      { scope: 'all', count: 8 },
      { scope: 'owner ada', count: 8 },
    ]);
  });

  it('goes on with its jobs, submissions, texts and file tasks', async () => {
    using folder = copyOfFixture();
    await using store = open(folder);
    const { database, commits } = store;
    for (const [name, text] of Object.entries(fixture.texts)) {
      expect(await new SqliteSharedText(database, commits, name).read()).toBe(text);
    }
    const submissions = new SqliteSubmissions(database, commits, now);
    expect(await submissions.adopt('fp', 'another', 'up-1')).toBe('in-flight');
    expect(await submissions.adopt('fp3', 'another', 'up-sent')).toBe('taken');
    const collecting = jobOf('collecting');
    const leases = await leaseAll(store, now() + 10 * SECOND);
    const leased = leases.find(({ job }) => job.id === collecting.id);
    const done = completed(collecting, now() + MINUTE);
    const change = { job: done, schedule: null, addsFileTask: true };
    expect(await store.save(present(leased).leaseId, change)).toBe('saved');
    expect(await list(store, { prompt: 'sea' })).toEqual([done]);
    const fileTasks = new SqliteFileTasks(database, commits);
    expect(await fileTasks.addMissing(null, 1000, now())).not.toBeNull();
    const tasks = await fileTasks.lease({ now: now(), limit: 9, leaseUntil: now() + MINUTE });
    const ids = tasks.map(({ jobId }) => jobId);
    expect(ids).toEqual(expect.arrayContaining([jobOf('completed').id, done.id]));
  });

  it('is not changed by a second start', async () => {
    using folder = copyOfFixture();
    {
      await using first = open(folder);
      await list(first, { prompt: 'cat' });
    }
    await using store = open(folder);
    expect(await list(store)).toHaveLength(FINISHED.length + UNFINISHED.length);
    expect(await store.health()).toEqual({ quarantined: 1 });
  });

  function open(folder: TempFolder): SqliteJobStore {
    return new SqliteJobStore(sqliteOptions(folder.path, { now, events: NO_EVENTS }));
  }
});

/** A folder with the database as the earlier version left it. */
function copyOfFixture(): TempFolder {
  const folder = tempFolder();
  const database = gunzipSync(readFileSync(join(FIXTURES, 'schema-6.sqlite.gz')));
  writeFileSync(join(folder.path, 'reelgate.sqlite'), database);
  return folder;
}

function list(store: SqliteJobStore, change: Partial<ListQuery> = {}): Promise<Job[]> {
  const all = { ownerId: 'ada', phases: null, olderThan: null, newerThan: null };
  return store.list({ ...all, ascending: false, limit: 100, ...change });
}

import { afterEach, beforeEach, expect, it } from 'vitest';
import { addMissingTasks } from '../../src/archive/add-missing-tasks.ts';
import type { Job } from '../../src/domain/job/job.ts';
import { systemClock } from '../../src/process/clocks.ts';
import type { FileTasks } from '../../src/store/file-tasks.ts';
import type { JobStore } from '../../src/store/job-store.ts';
import { listening } from '../support/events.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { acceptedJob, changedJob, record } from '../support/jobs.ts';
import { HOUR, MINUTE, NOON } from '../support/times.ts';
import type { OpenedFileTasks } from './job-store-cases/file-tasks.ts';

/** Cases of `FileTasks.addMissing` and `FileTasks.makeDue`. */
export function missingFileTaskCases(open: (clock: FakeClock) => Promise<OpenedFileTasks>): void {
  let opened: OpenedFileTasks;
  let clock: FakeClock;
  let tasks: FileTasks;
  let store: JobStore;
  beforeEach(async () => {
    clock = new FakeClock();
    opened = await open(clock);
    ({ store, fileTasks: tasks } = opened);
  });
  afterEach(() => opened[Symbol.asyncDispose]());

  it('adds the tasks of completed jobs that have none, in slices', async () => {
    const completed = await Promise.all(Array.from({ length: 30 }, () => finish('completed')));
    const failed = await finish('failed');
    const unfinished = acceptedJob();
    await store.create(record(unfinished));
    await addAll(7);
    const ids = await leasedIds();
    expect(ids).toEqual(completed.map(({ id }) => id).toSorted());
    expect(ids).not.toContain(failed.id);
  });

  it('leaves the tasks of other jobs as they are', async () => {
    const job = await finish('completed', true);
    const [leased] = await tasks.lease({ now: NOON, limit: 10, leaseUntil: NOON + MINUTE });
    if (leased === undefined) throw new Error('There is no task.');
    await tasks.release(leased, { runAt: NOON + HOUR, failureCount: 0 });
    await addAll(100);
    expect(await tasks.nextDueAt()).toBe(NOON + HOUR);
    clock.jump(HOUR);
    expect(await leasedIds()).toEqual([job.id]);
  });

  it('adds no task of a video that has expired, except for base64', async () => {
    await finish('completed', false, { expiresAt: NOON - 1 });
    const inline = await finish('completed', false, { expiresAt: NOON - 1, inline: true, url: null });
    await addAll(100);
    expect(await leasedIds()).toEqual([inline.id]);
  });

  it('continues after a failure of the store', async () => {
    const job = await finish('completed');
    let calls = 0;
    const addMissing: FileTasks['addMissing'] = (...query) => {
      calls += 1;
      return calls === 1 ? Promise.reject(new Error('away')) : tasks.addMissing(...query);
    };
    const logged: string[] = [];
    const options = {
      tasks: { addMissing },
      clock: { ...systemClock, now: () => NOON, sleep: async () => {} },
      random: () => 1,
    };
    const events = listening('fault', ({ message }) => logged.push(message));
    await addMissingTasks({ ...options, events }, new AbortController().signal);
    expect(await leasedIds()).toEqual([job.id]);
    expect(logged).toHaveLength(1);
  });

  it('makes tasks that wait due, in slices', async () => {
    const jobs = await Promise.all(Array.from({ length: 30 }, () => finish('completed', true)));
    await releaseAll(NOON + HOUR, 0);
    expect(await tasks.nextDueAt()).toBe(NOON + HOUR);
    await makeAllDue(7);
    expect(await tasks.nextDueAt()).toBe(NOON);
    expect(await leasedIds()).toEqual(jobs.map(({ id }) => id).toSorted());
  });

  it('makes no task due that is leased, has failures or belongs to a job that is gone, and adds none', async () => {
    await finish('completed');
    const failing = await finish('completed', true);
    await releaseAll(NOON + HOUR, 3);
    const removed = await finish('completed', true);
    await store.remove(removed);
    await releaseAll(NOON + HOUR, 1);
    const held = await finish('completed', true);
    expect(await leasedIds()).toEqual([held.id]);
    await makeAllDue(100);
    expect(await leasedIds()).toEqual([]);
    expect(await tasks.nextDueAt()).toBe(NOON + MINUTE);
    clock.jump(HOUR);
    expect(await leasedIds()).toEqual([failing.id, removed.id, held.id].toSorted());
  });

  it('leaves tasks that are due as they are', async () => {
    const job = await finish('completed', true);
    const dueAt = await tasks.nextDueAt();
    clock.jump(HOUR);
    await makeAllDue(100);
    expect(await tasks.nextDueAt()).toBe(dueAt);
    expect(await leasedIds()).toEqual([job.id]);
  });

  async function addAll(limit: number): Promise<void> {
    await inSlices((cursor) => tasks.addMissing(cursor, limit, clock.now()));
  }

  async function makeAllDue(limit: number): Promise<void> {
    await inSlices((cursor) => tasks.makeDue(cursor, limit, clock.now()));
  }

  /** Leases all due tasks and releases them. */
  async function releaseAll(runAt: number, failureCount: number): Promise<void> {
    const leased = await tasks.lease({ now: clock.now(), limit: 100, leaseUntil: clock.now() + MINUTE });
    await Promise.all(leased.map((task) => tasks.release(task, { runAt, failureCount })));
  }

  async function leasedIds(): Promise<string[]> {
    const leased = await tasks.lease({ now: clock.now(), limit: 100, leaseUntil: clock.now() + MINUTE });
    return leased.map(({ jobId }) => jobId).toSorted();
  }

  async function finish(
    phase: 'completed' | 'failed',
    addsFileTask = false,
    change: Partial<NonNullable<Job['video']>> = {},
  ): Promise<Job> {
    const job = acceptedJob();
    await store.create(record(job));
    const video = {
      url: 'https://files.example.com/a.mp4',
      inline: false,
      contentType: 'video/mp4',
      byteLength: null,
      expiresAt: NOON + HOUR,
      ...change,
    };
    const final = changedJob(job, { phase, version: 2, ...(phase === 'completed' ? { video } : {}) });
    expect(await store.save('', { job: final, schedule: null, addsFileTask })).toBe('saved');
    return final;
  }
}

async function inSlices(work: (cursor: string | null) => Promise<string | null>): Promise<void> {
  for (let cursor: string | null = null, slices = 0; slices < 1000; slices += 1) {
    cursor = await work(cursor);
    if (cursor === null) return;
  }
  throw new Error('There is no last slice.');
}

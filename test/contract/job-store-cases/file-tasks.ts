import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Job } from '../../../src/domain/job/job.ts';
import type { FileTasks, LeasedFileTask } from '../../../src/store/file-tasks.ts';
import type { JobStore } from '../../../src/store/job-store.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { acceptedJob, completed } from '../../support/jobs.ts';
import { HOUR, MINUTE, NOON, SECOND } from '../../support/times.ts';
import { createAndLease, type OpenedStore, present } from './opened-store.ts';

/** An open, empty store with its queue of file tasks. */
export interface OpenedFileTasks extends OpenedStore {
  readonly fileTasks: FileTasks;
}

/** File tasks that tests add without jobs. */
export interface AddableFileTasks extends OpenedFileTasks {
  /** @param runAt epoch milliseconds */
  readonly addTasks: (jobIds: readonly string[], runAt: number) => Promise<void>;
}

/** Cases of the `FileTasks` port, and of the store's part in it. */
export function fileTaskCases(open: (clock: FakeClock) => Promise<AddableFileTasks>): void {
  let opened: AddableFileTasks;
  let clock: FakeClock;
  let tasks: FileTasks;
  let store: JobStore;
  beforeEach(async () => {
    clock = new FakeClock();
    opened = await open(clock);
    ({ store, fileTasks: tasks } = opened);
  });
  afterEach(() => opened[Symbol.asyncDispose]());

  const lease = (limit = 100, leaseUntil = clock.now() + MINUTE) =>
    tasks.lease({ now: clock.now(), limit, leaseUntil });

  it('has no task at first', async () => {
    expect(await lease()).toEqual([]);
    expect(await tasks.nextDueAt()).toBeNull();
  });

  it('leases due tasks, the longest due first, up to the limit', async () => {
    await opened.addTasks(['b', 'c'], NOON - SECOND);
    await opened.addTasks(['a'], NOON - MINUTE);
    await opened.addTasks(['d'], NOON + 1);
    expect(await tasks.nextDueAt()).toBe(NOON - MINUTE);
    expect(ids(await lease(2))).toEqual(['a', expect.stringMatching(/^[bc]$/)]);
    expect(ids(await lease())).toEqual([expect.stringMatching(/^[bc]$/)]);
    expect(await lease()).toEqual([]);
    clock.jump(1);
    expect(await lease()).toEqual([{ jobId: 'd', leaseId: expect.any(String), failureCount: 0 }]);
  });

  it('leases a task again once its lease has run out, under another id', async () => {
    await opened.addTasks(['a'], NOON);
    const [first] = await lease();
    expect(await tasks.nextDueAt()).toBe(NOON + MINUTE);
    clock.jump(MINUTE - 1);
    expect(await lease()).toEqual([]);
    clock.jump(1);
    const [second] = await lease();
    expect(second?.leaseId).not.toBe(first?.leaseId);
    const schedule = { runAt: NOON, failureCount: 9 };
    expect(await tasks.extend(present(first), NOON + HOUR)).toBe(false);
    expect(await tasks.release(present(first), schedule)).toBe(false);
    expect(await tasks.complete(present(first))).toBe(false);
    expect(await tasks.nextDueAt()).toBe(NOON + 2 * MINUTE);
    expect(await tasks.complete(present(second))).toBe(true);
    expect(await tasks.nextDueAt()).toBeNull();
  });

  it('prolongs a lease', async () => {
    await opened.addTasks(['a'], NOON);
    const [leased] = await lease();
    expect(await tasks.extend(present(leased), NOON + HOUR)).toBe(true);
    expect(await tasks.nextDueAt()).toBe(NOON + HOUR);
    clock.jump(HOUR - 1);
    expect(await lease()).toEqual([]);
    clock.jump(1);
    expect(ids(await lease())).toEqual(['a']);
  });

  it('keeps the time and the failures of a released task', async () => {
    await opened.addTasks(['a'], NOON);
    const [leased] = await lease();
    expect(await tasks.release(present(leased), { runAt: NOON + HOUR, failureCount: 3 })).toBe(true);
    expect(await tasks.release(present(leased), { runAt: NOON, failureCount: 9 })).toBe(false);
    expect(await tasks.nextDueAt()).toBe(NOON + HOUR);
    expect(await lease()).toEqual([]);
    clock.jump(HOUR);
    expect(await lease()).toEqual([{ jobId: 'a', leaseId: expect.any(String), failureCount: 3 }]);
  });

  it('deletes a completed task', async () => {
    await opened.addTasks(['a'], NOON);
    const [leased] = await lease();
    expect(await tasks.complete(present(leased))).toBe(true);
    expect(await tasks.complete(present(leased))).toBe(false);
    expect(await tasks.extend(present(leased), NOON + HOUR)).toBe(false);
    clock.jump(HOUR);
    expect(await lease()).toEqual([]);
    expect(await tasks.nextDueAt()).toBeNull();
  });

  it('gives each task to one of several workers', async () => {
    const jobIds = Array.from({ length: 40 }, (_, i) => `job-${i}`);
    await opened.addTasks(jobIds, NOON);
    const leases = (await Promise.all(Array.from({ length: 8 }, () => lease(7)))).flat();
    expect(ids(leases).toSorted()).toEqual(jobIds.toSorted());
  });

  it('gets a task from the save that asks for it, due at once', async () => {
    const { job, leaseId } = await createAndLease(store, acceptedJob());
    const change = { job: completed(job, NOON), schedule: null, addsFileTask: true };
    expect(await store.save(leaseId, change)).toBe('saved');
    expect(await tasks.nextDueAt()).toBeLessThanOrEqual(NOON);
    expect(ids(await lease())).toEqual([job.id]);
    // The repeated save succeeds and changes nothing.
    expect(await store.save(leaseId, change)).toBe('saved');
    expect(await tasks.nextDueAt()).toBe(NOON + MINUTE);
  });

  it('gets no task from other saves, nor from one that is superseded', async () => {
    const job = await finish(false);
    const change = { job, schedule: null, addsFileTask: true };
    expect(await store.save('of another', change)).toBe('superseded');
    expect(await tasks.nextDueAt()).toBeNull();
  });

  it('makes the task of a removed job due at once, without failures', async () => {
    const job = await finish(true);
    const [sleeping] = await lease();
    await tasks.release(present(sleeping), { runAt: NOON + HOUR, failureCount: 3 });
    clock.jump(MINUTE);
    expect(await store.remove(job)).toBe('removed');
    expect(await tasks.nextDueAt()).toBeLessThanOrEqual(clock.now());
    expect(await lease()).toEqual([{ jobId: job.id, leaseId: expect.any(String), failureCount: 0 }]);
  });

  it('voids the lease of a worker whose job is removed', async () => {
    const job = await finish(true);
    const [uploading] = await lease();
    await store.remove(job);
    expect(await tasks.extend(present(uploading), NOON + HOUR)).toBe(false);
    expect(await tasks.release(present(uploading), { runAt: NOON + HOUR, failureCount: 0 })).toBe(false);
    expect(await tasks.complete(present(uploading))).toBe(false);
    const [cleaning] = await lease();
    expect(cleaning?.jobId).toBe(job.id);
    expect(await tasks.complete(present(cleaning))).toBe(true);
    expect(await tasks.nextDueAt()).toBeNull();
  });

  it('makes no task for a removed job that had none', async () => {
    await store.remove(await finish(false));
    expect(await tasks.nextDueAt()).toBeNull();
  });

  /** Creates a job and completes it. */
  async function finish(addsFileTask: boolean): Promise<Job> {
    const leased = await createAndLease(store, acceptedJob());
    const job = completed(leased.job, NOON);
    await store.save(leased.leaseId, { job, schedule: null, addsFileTask });
    return job;
  }
}

function ids(leased: readonly LeasedFileTask[]): string[] {
  return leased.map(({ jobId }) => jobId);
}

import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Job } from '../../src/domain/job/job.ts';
import { type Backlog, type BacklogReader, countByPhase } from '../../src/store/backlog.ts';
import type { JobStore } from '../../src/store/job-store.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { acceptedJob, completed, type JobFields, nextVersion } from '../support/jobs.ts';
import { HOUR, MINUTE, NOON, SECOND } from '../support/times.ts';
import { createAll, leaseUpTo, type OpenedStore, present } from './job-store-cases/opened-store.ts';

/** An open, empty store with its backlog, not cached. */
export interface OpenedBacklog extends OpenedStore {
  readonly backlog: BacklogReader;
}

/** Cases of the `BacklogReader` port. */
export function backlogCases(open: (clock: FakeClock) => Promise<OpenedBacklog>): void {
  let opened: OpenedBacklog;
  let clock: FakeClock;
  let store: JobStore;
  let backlog: BacklogReader;
  beforeEach(async () => {
    clock = new FakeClock();
    opened = await open(clock);
    ({ store, backlog } = opened);
  });
  afterEach(() => opened[Symbol.asyncDispose]());

  it('is empty at first', async () => {
    expect(await backlog.read()).toEqual({
      jobs: { due: 0, oldestDueAt: null },
      unfinished: 0,
      unfinishedByPhase: byPhase({}),
      owners: [],
      fileTasks: { due: 0, oldestDueAt: null },
      quarantined: 0,
    });
    expect(await backlog.findNearestEnd(5)).toEqual([]);
    expect(await backlog.findQuarantined(5)).toEqual([]);
  });

  it('counts unfinished jobs by phase, and by owner with the most first', async () => {
    const owners = ['ada', 'bob', 'bob', 'bob', 'cleo', 'cleo'];
    await createAll(
      store,
      owners.map((ownerId) => acceptedJob({ ownerId })),
    );
    await moveTo('queued');
    await moveTo('processing');
    const counts = await backlog.read();
    expect(counts).toMatchObject({
      unfinished: 6,
      unfinishedByPhase: byPhase({ accepted: 4, queued: 1, processing: 1 }),
    });
    expect(counts.owners).toEqual([
      { ownerId: 'bob', unfinished: 3 },
      { ownerId: 'cleo', unfinished: 2 },
      { ownerId: 'ada', unfinished: 1 },
    ]);
    const [next] = await leaseUpTo(store, clock.now(), 1);
    const end = { job: completed(present(next).job, NOON), schedule: null };
    await store.save(present(next).leaseId, end);
    expect(await backlog.read()).toMatchObject({
      unfinished: 5,
      unfinishedByPhase: byPhase({ accepted: 3, queued: 1, processing: 1 }),
    });
    await store.remove(end.job);
    expect(await backlog.read()).toMatchObject({ unfinished: 5 });
  });

  it('tells how many jobs are due and since when, without those that are leased', async () => {
    await createAll(store, [
      acceptedJob({ createdAt: NOON - MINUTE }),
      acceptedJob({ createdAt: NOON - SECOND }),
      acceptedJob(),
    ]);
    expect((await backlog.read()).jobs).toEqual({ due: 3, oldestDueAt: NOON - MINUTE });
    const [first] = await leaseUpTo(store, clock.now(), 1);
    expect((await backlog.read()).jobs).toEqual({ due: 2, oldestDueAt: NOON - SECOND });
    const schedule = { runAt: NOON + HOUR, failureCount: 0, lastPolledAt: null };
    await store.release(present(first), schedule);
    expect((await backlog.read()).jobs).toEqual({ due: 2, oldestDueAt: NOON - SECOND });
    clock.jump(HOUR);
    expect((await backlog.read()).jobs).toEqual({ due: 3, oldestDueAt: NOON - SECOND });
  });

  it('finds the jobs that end first, also leased ones and those that are due later', async () => {
    const jobs = [40, 30, 20, 10].map((ago) =>
      acceptedJob({ createdAt: NOON - ago * MINUTE, deadlineAt: NOON + HOUR - ago * MINUTE }),
    );
    await createAll(store, jobs);
    const [paused, leased] = await leaseUpTo(store, clock.now(), 2);
    const schedule = { runAt: NOON + 3 * MINUTE, failureCount: 2, lastPolledAt: null };
    await store.release(present(paused), schedule);
    const { notes } = present(leased);
    const common = { failureCount: 0, lastPolledAt: null, notes };
    expect(await backlog.findNearestEnd(3)).toEqual([
      { ...common, job: jobs[0], runAt: NOON + 3 * MINUTE, failureCount: 2, isLeased: false },
      { ...common, job: jobs[1], runAt: NOON + MINUTE, isLeased: true },
      { ...common, job: jobs[2], runAt: NOON - 20 * MINUTE, isLeased: false },
    ]);
    clock.jump(MINUTE);
    expect((await backlog.findNearestEnd(2)).map(({ isLeased }) => isLeased)).toEqual([false, false]);
    const [late] = await leaseUpTo(store, clock.now(), 1);
    await store.save(present(late).leaseId, { job: completed(present(late).job, NOON), schedule: null });
    expect((await backlog.findNearestEnd(9)).map(({ job }) => job.id)).not.toContain(late?.job.id);
  });

  it('counts due tasks of the archive', async () => {
    await createAll(store, [acceptedJob()]);
    const [leased] = await leaseUpTo(store, clock.now(), 1);
    const job = completed(present(leased).job, NOON);
    await store.save(present(leased).leaseId, { job, schedule: null, addsFileTask: true });
    const { fileTasks } = await backlog.read();
    expect(fileTasks.due).toBe(1);
    expect(fileTasks.oldestDueAt).toBeLessThanOrEqual(NOON);
  });

  it('lists quarantined records with their errors, and counts them apart from the unfinished jobs', async () => {
    const jobs = [acceptedJob(), acceptedJob(), acceptedJob()];
    await createAll(store, jobs);
    await opened.damage(present(jobs[0]).id, 'syntax');
    await opened.damage(present(jobs[1]).id, 'form');
    expect(await leaseUpTo(store, clock.now(), 9)).toHaveLength(1);
    await store.health();
    const [first, second, ...rest] = await backlog.findQuarantined(9);
    expect([first?.id, second?.id, rest]).toEqual([jobs[0]?.id, jobs[1]?.id, []]);
    expect(first?.error).toMatch(/JSON/);
    expect(second?.error).not.toBe('');
    expect(await backlog.findQuarantined(1)).toHaveLength(1);
    expect(await backlog.read()).toMatchObject({ quarantined: 2, unfinished: 1 });
  });

  async function moveTo(phase: 'queued' | 'processing'): Promise<Job> {
    const [leased] = await leaseUpTo(store, clock.now(), 1);
    const job = nextVersion(present(leased).job, { phase } satisfies JobFields);
    const schedule = { runAt: NOON + HOUR, failureCount: 0, lastPolledAt: null };
    expect(await store.save(present(leased).leaseId, { job, schedule })).toBe('saved');
    return job;
  }
}

function byPhase(counts: Partial<Backlog['unfinishedByPhase']>): Backlog['unfinishedByPhase'] {
  return countByPhase((phase) => counts[phase] ?? 0);
}

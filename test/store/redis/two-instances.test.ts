import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Job } from '../../../src/domain/job/job.ts';
import type { RedisJobStore } from '../../../src/store/redis/redis-job-store.ts';
import {
  leaseAll,
  createAll,
  createAndLease,
  idsOf,
  present,
} from '../../contract/job-store-cases/opened-store.ts';
import { completed, keyedJob, limits, nextVersion, record } from '../../support/jobs.ts';
import { Recorder } from '../../support/recorder.ts';
import { MINUTE } from '../../support/times.ts';
import { freshJob, openRedis } from './open-redis.ts';
import { REDIS_KINDS } from './redis-kinds.ts';

describe.each(REDIS_KINDS)('two instances on %s', (_, start) => {
  const resources = new AsyncDisposableStack();
  let flush: () => Promise<unknown>;
  let a: RedisJobStore;
  let b: RedisJobStore;

  beforeAll(async () => {
    const redis = resources.use(await start());
    const { urls } = redis;
    flush = () => redis.flush();
    a = resources.use(await openRedis(urls));
    b = resources.use(await openRedis(urls));
  }, 60_000);
  beforeEach(async () => {
    await flush();
  });
  afterAll(() => resources.disposeAsync());

  it('create one job for 20 concurrent creates with one key', async () => {
    const key = { idempotencyKey: 'order-7' };
    const jobs = Array.from({ length: 20 }, () => keyedJob('order-7', { createdAt: Date.now() }));
    const outcomes = await Promise.all(
      jobs.map((job, index) => (index % 2 === 0 ? a : b).create(record(job, key))),
    );
    expect(outcomes.filter(({ type }) => type === 'created')).toHaveLength(1);
    const winner = present(jobs[outcomes.findIndex(({ type }) => type === 'created')]);
    expect(outcomes.filter(({ type }) => type === 'duplicate')).toEqual(
      Array.from({ length: 19 }, () => ({ type: 'duplicate', job: winner })),
    );
    expect((await a.getMany(idsOf(jobs))).filter((job) => job !== null)).toEqual([winner]);
    expect(idsOf(await leaseAll(b, Date.now()))).toEqual([winner.id]);
  });

  it.each(['unfinished', 'unfinishedPerOwner', 'perDay', 'perDayPerOwner'] as const)(
    'together accept no more jobs than %s allows when 50 come at once',
    async (limit) => {
      const within = { limits: limits({ [limit]: 7 }) };
      const jobs = Array.from({ length: 50 }, () => freshJob());
      const outcomes = await Promise.all(
        jobs.map((job, index) => (index % 2 === 0 ? a : b).create(record(job, within))),
      );
      expect(outcomes.filter(({ type }) => type === 'created')).toHaveLength(7);
      expect(outcomes.filter(({ type }) => type === 'refused')).toHaveLength(43);
      expect((await a.getMany(idsOf(jobs))).filter((job) => job !== null)).toHaveLength(7);
    },
  );

  it('never exceed any limit with all limits set, for each of 10 owners', async () => {
    const within = {
      limits: limits({ unfinished: 23, unfinishedPerOwner: 3, perDay: 22, perDayPerOwner: 4 }),
    };
    const owners = Array.from({ length: 10 }, (__, index) => `owner-${index}`);
    const jobs = owners.flatMap((ownerId) => Array.from({ length: 5 }, () => freshJob({ ownerId })));
    await Promise.all(jobs.map((job, index) => (index % 2 === 0 ? a : b).create(record(job, within))));
    const made = (await a.getMany(idsOf(jobs))).filter((job) => job !== null);
    for (const ownerId of owners) {
      expect(made.filter((job) => job.ownerId === ownerId).length).toBeLessThanOrEqual(3);
    }
    expect(made).toHaveLength(22);
  });

  it('lease each due job once, and all of them', async () => {
    const jobs = Array.from({ length: 60 }, () => freshJob());
    await createAll(a, jobs);
    const now = Date.now();
    const leases = await Promise.all(
      Array.from({ length: 12 }, (__, index) =>
        (index % 2 === 0 ? a : b).leaseDue({
          now,
          leaseUntil: now + MINUTE,
          limit: 9,
          callLimit: 9,
          except: [],
          preferred: null,
        }),
      ),
    );
    expect(idsOf(leases.flat()).toSorted()).toEqual(idsOf(jobs).toSorted());
    expect(new Set(leases.flat().map(({ leaseId }) => leaseId)).size).toBe(60);
  });

  it('save one of three versions under two leases', async () => {
    const lost = await createAndLease(a, freshJob());
    const [held] = await leaseAll(b, Date.now() + 2 * MINUTE);
    const job = nextVersion(lost.job, { phase: 'submitting' });
    const saves = await Promise.all([
      a.save(lost.leaseId, { job, schedule: null }),
      b.save(present(held).leaseId, { job, schedule: null }),
      a.save(lost.leaseId, { job: completed(lost.job, Date.now()), schedule: null }),
    ]);
    expect(saves.toSorted()).toEqual(['saved', 'superseded', 'superseded']);
    const versions = [job, job, completed(lost.job, job.updatedAt)];
    const [stored] = await b.getMany([job.id]);
    expect(stored).toMatchObject({ version: 2, phase: present(versions[saves.indexOf('saved')]).phase });
  });

  it('count a repeated create, lease, save or release once', async () => {
    const recorder = new Recorder();
    const unsubscribe = await b.subscribe({ type: 'owner', ownerId: 'ada' }, recorder.listener);
    const job = freshJob();
    expect(await a.create(record(job))).toEqual({ type: 'created' });
    expect(await a.create(record(job))).toEqual({ type: 'created' });
    const [leased] = await leaseAll(a, Date.now());
    expect(await leaseAll(a, Date.now())).toEqual([]);
    const second = nextVersion(job, { phase: 'submitting' });
    const third = nextVersion(second, { phase: 'queued', upstreamId: 'up-1' });
    const schedule = { runAt: Date.now() + MINUTE, failureCount: 2, lastPolledAt: null };
    for (const change of [
      { job: second, schedule: null },
      { job: third, schedule },
    ]) {
      expect(await a.save(present(leased).leaseId, change)).toBe('saved');
      expect(await a.save(present(leased).leaseId, change)).toBe('saved');
    }
    const [again] = await leaseAll(b, schedule.runAt);
    expect(again).toMatchObject({ job: third, failureCount: 2 });
    await b.release(present(again), { runAt: schedule.runAt + 1, failureCount: 3, lastPolledAt: null });
    await b.release(present(again), { runAt: 0, failureCount: 9, lastPolledAt: null });
    expect(await a.nextDueAt()).toBe(schedule.runAt + 1);
    await recorder.received(3);
    expect(recorder.jobs).toEqual([job, second, third]);
    unsubscribe();
  });

  it('receive the saves of the other in order', async () => {
    const leased = await createAndLease(a, freshJob());
    const recorders = [new Recorder(), new Recorder()];
    const unsubscribes = await Promise.all([
      b.subscribe({ type: 'job', jobId: leased.job.id }, present(recorders[0]).listener),
      b.subscribe({ type: 'owner', ownerId: 'ada' }, present(recorders[1]).listener),
    ]);
    const saved: Job[] = [];
    let { job } = leased;
    for (let i = 0; i < 50; i += 1) {
      job = i === 49 ? completed(job, Date.now()) : nextVersion(job);
      saved.push(job);
    }
    // All saves are sent at once.
    await Promise.all(saved.map((version) => a.save(leased.leaseId, { job: version, schedule: null })));
    for (const recorder of recorders) {
      await recorder.received(50);
      expect(recorder.jobs).toEqual(saved);
    }
    for (const unsubscribe of unsubscribes) unsubscribe();
    expect(b.listenerCount).toBe(0);
  });

  it('survive 200 races of subscribe and unsubscribe on one channel', async () => {
    const job = freshJob();
    const topic = { type: 'job', jobId: job.id } as const;
    await Promise.all(
      Array.from({ length: 200 }, async (__, index) => {
        const unsubscribe = await b.subscribe(topic, () => {});
        if (index % 3 > 0) await b.getMany([job.id]);
        unsubscribe();
      }),
    );
    expect(b.listenerCount).toBe(0);
    for (let round = 0; round < 20; round += 1) {
      const leaving = await b.subscribe(topic, () => {});
      const recorder = new Recorder();
      const staying = b.subscribe(topic, recorder.listener);
      leaving();
      const unsubscribe = await staying;
      const next = freshJob({ id: job.id });
      await flush();
      await a.create(record(next));
      await recorder.received(1);
      expect(recorder.jobs).toEqual([next]);
      unsubscribe();
    }
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Job } from '../../../../src/domain/job/job.ts';
import { reserve } from '../../../../src/store/redis/jobs/reservation.ts';
import { keys } from '../../../../src/store/redis/keys.ts';
import type { RedisJobStore } from '../../../../src/store/redis/redis-job-store.ts';
import { leaseAll, present } from '../../../contract/job-store-cases/opened-store.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { acceptedJob, completed, failed, limits, nextVersion, record } from '../../../support/jobs.ts';
import { RedisServer } from '../../../support/redis/redis-server.ts';
import { DAY, HOUR, MINUTE, NOON, SECOND } from '../../../support/times.ts';
import { openRedis } from '../open-redis.ts';

const ALL = limits({ unfinished: 1, unfinishedPerOwner: 1, perDay: 1, perDayPerOwner: 1 });
const SETS = [keys.unfinished(null), keys.day(null), keys.unfinished('ada'), keys.day('ada')];

describe('places within the limits', () => {
  const resources = new AsyncDisposableStack();
  const clock = new FakeClock();
  let server: RedisServer;
  let store: RedisJobStore;
  /** The number of reserved places in each set. */
  const taken = () => Promise.all(SETS.map((set) => store.client.zcard(set)));
  const create = (job: Job) => store.create(record(job, { limits: ALL }));

  beforeAll(async () => {
    server = resources.use(await RedisServer.start());
    store = resources.use(await openRedis([server.url], { clock }));
  });
  beforeEach(async () => {
    await server.run('FLUSHALL');
  });
  afterAll(() => resources.disposeAsync());

  it('are reserved once for repeated calls of a job', async () => {
    const job = acceptedJob();
    for (let i = 0; i < 3; i += 1) {
      expect((await reserve(store.client, job, ALL, NOON)).refusal).toBeNull();
    }
    expect(await create(job)).toEqual({ type: 'created' });
    expect(await taken()).toEqual([1, 1, 1, 1]);
    expect(await create(acceptedJob())).toMatchObject({ type: 'refused' });
    expect(await taken()).toEqual([1, 1, 1, 1]);
  });

  it('become free when a job was never created: after its deadline and after a day', async () => {
    const lost = acceptedJob();
    await reserve(store.client, lost, ALL, NOON);
    const refusal = async (now: number) => (await reserve(store.client, acceptedJob(), ALL, now)).refusal;
    expect(await refusal(lost.deadlineAt + MINUTE)).toMatchObject({ limit: 'unfinishedPerOwner' });
    expect(await refusal(lost.deadlineAt + HOUR)).toMatchObject({ limit: 'perDayPerOwner' });
    expect(await refusal(NOON + DAY - 1)).toMatchObject({ limit: 'perDayPerOwner', retryAfterMs: 1 });
    expect(await refusal(NOON + DAY)).toBeNull();
  });

  it('become free at once after a pause, however many they were', async () => {
    const within = limits({ perDay: 10 });
    const old = Array.from({ length: 300 }, (_, i) => [NOON - 1000 + i, `old-${i}`]).flat();
    await store.client.zadd(keys.day(null), ...old);
    const jobs = Array.from({ length: 11 }, () => acceptedJob());
    const refusals = [];
    for (const job of jobs.slice(0, 5))
      refusals.push((await reserve(store.client, job, within, NOON)).refusal);
    expect(await store.client.zcard(keys.day(null))).toBe(300 - 5 * 50 + 5);
    for (const job of jobs.slice(5, 10))
      refusals.push((await reserve(store.client, job, within, NOON)).refusal);
    expect(refusals).toEqual(Array.from({ length: 10 }, () => null));
    await store.client.zadd(keys.day(null), ...old);
    const { refusal } = await reserve(store.client, present(jobs[10]), within, NOON);
    expect(refusal).toEqual({ limit: 'perDay', retryAfterMs: DAY });
    // A repeated call keeps its place.
    expect((await reserve(store.client, present(jobs[9]), within, NOON)).refusal).toBeNull();
  });

  it('are released by a repeated save when the release was lost', async () => {
    const job = acceptedJob();
    await create(job);
    const leased = present((await leaseAll(store, NOON))[0]);
    const change = { job: failed(job, NOON, 'NO'), schedule: null };
    expect(await store.save(leased.leaseId, change)).toBe('saved');
    await reserve(store.client, job, ALL, NOON);
    expect(await taken()).toEqual([1, 1, 1, 1]);
    expect(await store.save(leased.leaseId, change)).toBe('saved');
    expect(await taken()).toEqual([0, 0, 0, 0]);
  });

  it('are not released by a poller that has lost the job', async () => {
    const job = acceptedJob();
    await create(job);
    const lost = present((await leaseAll(store, NOON))[0]);
    const held = present((await leaseAll(store, NOON + 2 * MINUTE))[0]);
    const second = nextVersion(job, { phase: 'submitting' });
    expect(await store.save(held.leaseId, { job: second, schedule: null })).toBe('saved');
    expect(await taken()).toEqual([1, 1, 1, 1]);
    expect(await store.save(lost.leaseId, { job: failed(job, NOON, 'NO'), schedule: null })).toBe(
      'superseded',
    );
    expect(await taken()).toEqual([1, 1, 1, 1]);
    expect(await store.save(held.leaseId, { job: completed(second, NOON), schedule: null })).toBe('saved');
    expect(await taken()).toEqual([0, 1, 0, 1]);
  });

  it('leave no key in Redis for ever', async () => {
    await create(acceptedJob());
    const [unfinished, day, ownersUnfinished, ownersDay] = await Promise.all(
      SETS.map((set) => store.client.pttl(set)),
    );
    for (const ttl of [day, ownersDay]) {
      expect(ttl).toBeGreaterThan(DAY - 10 * SECOND);
      expect(ttl).toBeLessThanOrEqual(DAY);
    }
    for (const ttl of [unfinished, ownersUnfinished]) {
      expect(ttl).toBeGreaterThan(HOUR);
      expect(ttl).toBeLessThanOrEqual(2 * HOUR);
    }
  });

  it('are not stored without a limit', async () => {
    await store.create(record(acceptedJob(), { limits: limits() }));
    expect(await taken()).toEqual([1, 0, 0, 0]);
  });

  it('fail the create when they cannot be counted, and nothing is stored', async () => {
    const job = acceptedJob();
    await server.run('SET', keys.day(null), 'not a set');
    await expect(create(job)).rejects.toThrow('Redis failed');
    expect(await store.getMany([job.id])).toEqual([null]);
  });
});

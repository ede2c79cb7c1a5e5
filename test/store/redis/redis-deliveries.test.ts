import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Job } from '../../../src/domain/job/job.ts';
import { keys } from '../../../src/store/redis/keys.ts';
import { RedisDeliveries } from '../../../src/store/redis/redis-deliveries.ts';
import type { RedisJobStore } from '../../../src/store/redis/redis-job-store.ts';
import { deliveryIdOf, jobIdOfDelivery } from '../../../src/store/webhook-deliveries.ts';
import { createAndLease, present } from '../../contract/job-store-cases/opened-store.ts';
import { completed, failed, jobId, ownTarget } from '../../support/jobs.ts';
import { RedisServer } from '../../support/redis/redis-server.ts';
import { DAY, MINUTE, SECOND } from '../../support/times.ts';
import { freshJob, openRedis } from './open-redis.ts';

const URL = 'https://example.com/hook';

describe('webhook deliveries in Redis', () => {
  const resources = new AsyncDisposableStack();
  let server: RedisServer;
  let store: RedisJobStore;
  let deliveries: RedisDeliveries;
  beforeAll(async () => {
    server = resources.use(await RedisServer.start());
    store = resources.use(await openRedis([server.url], { retentionMs: 7 * DAY }));
    const { client, quarantine } = store;
    deliveries = new RedisDeliveries({ client, quarantine, retentionMs: 7 * DAY });
  });
  beforeEach(async () => {
    await server.run('FLUSHALL');
  });
  afterAll(() => resources.disposeAsync());

  const lease = () => {
    const now = Date.now() + SECOND;
    return deliveries.lease({ now, limit: 100, leaseUntil: now + MINUTE });
  };

  /** Ends a job whose id is in a shard, with one delivery. */
  async function end(shard: string): Promise<Job> {
    const id = jobId(Date.now()).slice(0, -1) + shard;
    const leased = await createAndLease(store, { ...freshJob(), id, webhookUrl: URL });
    const job = completed(leased.job, Date.now());
    const change = { job, schedule: null, deliveries: ownTarget(job) };
    expect(await store.save(leased.leaseId, change)).toBe('saved');
    return job;
  }

  it('expire with their job, and then leave the schedule and the failing ones', async () => {
    const job = await end('7');
    const ttl = await store.client.ttl(keys.deliveries(job.id));
    expect(ttl).toBe(await store.client.ttl(keys.job(job.id)));
    expect(ttl).toBeGreaterThan((7 * DAY - MINUTE) / SECOND);
    const [leased] = await lease();
    const failure = { attempts: 1, lastStatus: 500, lastError: 'It answered 500.', deliveredAt: null };
    await deliveries.settle(present(leased), { ...failure, nextAttemptAt: Date.now() });
    await store.client.del(keys.deliveries(job.id), keys.job(job.id));
    expect(await lease()).toEqual([]);
    expect(await deliveries.findFailing(10)).toEqual([]);
    expect([await deliveries.countWaiting(), await deliveries.nextDueAt()]).toEqual([0, null]);
    expect(await store.client.zcard(keys.failingDeliveries('7'))).toBe(0);
  });

  it('have another id when Redis lost the end of their job and it ends in another way', async () => {
    await using lossy = await RedisServer.start();
    await using before = await openRedis([lossy.url]);
    const { job, leaseId } = await createAndLease(before, freshJob({ webhookUrl: URL }));
    await lossy.run('SAVE');
    const lost = await announced(before, leaseId, failed(job, Date.now(), 'NO'));
    await lossy.kill();
    await lossy.restart();
    await using after = await openRedis([lossy.url]);
    const id = await announced(after, leaseId, completed(job, Date.now()));
    expect(id).not.toBe(lost);
    expect(jobIdOfDelivery(id)).toBe(job.id);
  });

  it.each([
    ['that is not JSON', '', '{'],
    ['without attempts', '', JSON.stringify({ url: URL })],
    ['without a URL', '', JSON.stringify({ url: 'example.com', attempts: 1 })],
    ['with a wrong time of its next attempt', ' next', 'soon'],
  ])('hold up no other with a state %s', async (_, suffix, value) => {
    const jobs = [await end('7'), await end('8')];
    for (const leased of await lease()) {
      const failure = { attempts: 1, lastStatus: 500, lastError: 'It answered 500.', deliveredAt: null };
      await deliveries.settle(leased, { ...failure, nextAttemptAt: Date.now() });
    }
    const [spoiled, other] = jobs.map(({ id }) => id);
    const [[delivery] = []] = await deliveries.ofJobs([spoiled ?? '']);
    await store.client.hset(keys.deliveries(spoiled ?? ''), `${delivery?.id}${suffix}`, value);
    expect(await deliveries.findFailing(10)).toMatchObject([{ jobId: other }]);
    expect(await deliveries.ofJobs([spoiled ?? ''])).toEqual([[]]);
    expect(await lease()).toMatchObject([{ jobId: other, attempts: 1 }]);
  });

  it('survive that an instance of an earlier version deletes their job', async () => {
    const job = await end('7');
    await store.client.del(keys.job(job.id));
    expect(await lease()).toMatchObject([{ id: deliveryIdOf(job, URL), job }]);
  });

  it('wait after a failure when an instance of an earlier version stored them, without the time of a redelivery', async () => {
    const job = await end('7');
    const id = deliveryIdOf(job, URL);
    await store.client.hset(keys.deliveries(job.id), id, JSON.stringify({ url: URL, attempts: 0 }));
    const [leased] = await lease();
    const failure = { attempts: 1, lastStatus: 500, lastError: 'It answered 500.', deliveredAt: null };
    const nextAttemptAt = Date.now() + DAY;
    await deliveries.settle(present(leased), { ...failure, nextAttemptAt });
    expect(await deliveries.ofJobs([job.id])).toMatchObject([
      [{ ...failure, nextAttemptAt, resentAt: null }],
    ]);
    expect(await lease()).toEqual([]);
  });

  it('of a shard or a job whose key has another type hold up no others, nor the end of a job', async () => {
    await store.client.set(keys.dueDeliveries('7'), 'spoiled');
    await end('7');
    expect(await store.health()).toEqual({ quarantined: 1 });
    const spoiled = await end('8');
    await store.client.set(keys.deliveries(spoiled.id), 'spoiled');
    const jobs = [await end('8'), await end('9')];
    expect((await lease()).map((one) => one.jobId).toSorted()).toEqual(jobs.map(({ id }) => id).toSorted());
    expect(await deliveries.ofJobs([spoiled.id])).toEqual([[]]);
    expect(await store.health()).toEqual({ quarantined: 2 });
  });
});

/** Ends a job. @returns the id of the message about it, as it is sent */
async function announced(inStore: RedisJobStore, leaseId: string, job: Job): Promise<string> {
  expect(await inStore.save(leaseId, { job, schedule: null, deliveries: ownTarget(job) })).toBe('saved');
  const { client, quarantine } = inStore;
  const [delivery] = await new RedisDeliveries({ client, quarantine, retentionMs: 7 * DAY }).lease({
    now: Date.now() + SECOND,
    limit: 1,
    leaseUntil: Date.now() + MINUTE,
  });
  expect(delivery?.job.phase).toBe(job.phase);
  return present(delivery).id;
}

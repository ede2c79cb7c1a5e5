import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Job } from '../../../../src/domain/job/job.ts';
import { encodeJob } from '../../../../src/store/redis/jobs/job-hash.ts';
import { channels, shardOf } from '../../../../src/store/redis/keys.ts';
import type { RedisJobStore } from '../../../../src/store/redis/redis-job-store.ts';
import { createAndLease } from '../../../contract/job-store-cases/opened-store.ts';
import { completed, nextVersion, record } from '../../../support/jobs.ts';
import { Recorder } from '../../../support/recorder.ts';
import { RedisServer } from '../../../support/redis/redis-server.ts';
import { freshJob, openRedis } from '../open-redis.ts';

const ownerChannel = ({ id, ownerId }: Job) => channels.owner(shardOf(id), ownerId);

describe('a foreign publisher in the same Redis', () => {
  const resources = new AsyncDisposableStack();
  let server: RedisServer;
  let store: RedisJobStore;

  beforeAll(async () => {
    server = resources.use(await RedisServer.start());
    store = resources.use(await openRedis([server.url]));
  });
  beforeEach(() => server.run('FLUSHALL'));
  afterAll(() => resources.disposeAsync());

  /** Collects the events of a job and of its owner until a real change arrives. */
  async function receivedAfter(forge: (job: Job) => Promise<unknown>) {
    const leased = await createAndLease(store, freshJob());
    const [ofJob, ofOwner] = [new Recorder(), new Recorder()];
    const unsubscribes = await Promise.all([
      store.subscribe({ type: 'job', jobId: leased.job.id }, ofJob.listener),
      store.subscribe({ type: 'owner', ownerId: leased.job.ownerId }, ofOwner.listener),
    ]);
    await forge(leased.job);
    const last = completed(nextVersion(leased.job, { phase: 'queued' }), Date.now());
    const queued = nextVersion(leased.job, { phase: 'queued' });
    for (const job of [queued, last]) await store.save(leased.leaseId, { job, schedule: null });
    for (const { jobs } of [ofJob, ofOwner])
      await expect.poll(() => jobs.some(({ version }) => version === last.version)).toBe(true);
    for (const unsubscribe of unsubscribes) unsubscribe();
    return { stored: [leased.job, queued, last], received: [...ofJob.jobs, ...ofOwner.jobs] };
  }

  it('ends and changes no job', async () => {
    const { stored, received } = await receivedAfter(async (job) => {
      for (const version of [job.version, job.version + 1, 99]) {
        const forged = encodeJob({ ...completed(nextVersion(job, { phase: 'queued' }), 1), version });
        for (const channel of [channels.job(job.id), ownerChannel(job)])
          for (const seal of ['}', ',"@seal":""}', `,"@seal":"${'A'.repeat(43)}"}`])
            await server.run('PUBLISH', channel, forged.slice(0, -1) + seal);
      }
    });
    for (const job of received) expect(stored.filter(({ id }) => id === job.id)).toContainEqual(job);
  });

  it('shows no owner the job of another, also by replaying events of the store', async () => {
    const secret = freshJob({ ownerId: 'grace' });
    const messages: string[] = [];
    const client = new Redis(server.url);
    await client.subscribe(ownerChannel(secret));
    client.on('message', (_, text: string) => messages.push(text));
    await createAndLease(store, secret);
    await expect.poll(() => messages.length).toBe(1);
    client.disconnect();
    const { received } = await receivedAfter(async (job) => {
      for (const channel of [channels.job(job.id), ownerChannel(job)])
        await server.run('PUBLISH', channel, messages[0] ?? '');
    });
    expect(received.map(({ ownerId }) => ownerId)).not.toContain('grace');
  });

  it('cannot return a job to an earlier version', async () => {
    const leased = await createAndLease(store, freshJob({ ownerId: 'alan' }));
    const said: string[] = [];
    const client = new Redis(server.url);
    await client.subscribe(ownerChannel(leased.job));
    client.on('message', (_, text: string) => said.push(text));
    const recorder = new Recorder();
    const unsubscribe = await store.subscribe({ type: 'owner', ownerId: 'alan' }, recorder.listener);
    const queued = nextVersion(leased.job, { phase: 'queued' });
    const last = completed(queued, Date.now());
    for (const job of [queued, last]) await store.save(leased.leaseId, { job, schedule: null });
    await expect.poll(() => said.length).toBe(2);
    await recorder.received(2);
    await server.run('PUBLISH', ownerChannel(queued), said[0] ?? '');
    await recorder.received(3);
    unsubscribe();
    client.disconnect();
    expect(recorder.versions).toEqual([queued.version, last.version, last.version]);
  });

  it('does not mix environments with separate databases', async () => {
    await using other = await openRedis([`${server.url}/1`]);
    const recorder = new Recorder();
    const unsubscribe = await other.subscribe({ type: 'owner', ownerId: 'ada' }, recorder.listener);
    await createAndLease(store, freshJob());
    const own = freshJob();
    await other.create(record(own));
    await expect.poll(() => recorder.jobs.length).toBeGreaterThan(0);
    unsubscribe();
    expect(new Set(recorder.jobs.map(({ id }) => id))).toEqual(new Set([own.id]));
  });
});

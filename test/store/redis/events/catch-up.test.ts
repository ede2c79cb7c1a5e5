import { expect, it } from 'vitest';
import { catchUp } from '../../../../src/store/redis/events/topics.ts';
import { JobReader } from '../../../../src/store/redis/jobs/job-reader.ts';
import { keys } from '../../../../src/store/redis/keys.ts';
import { leaseAll } from '../../../contract/job-store-cases/opened-store.ts';
import { completed, record } from '../../../support/jobs.ts';
import { RedisServer } from '../../../support/redis/redis-server.ts';
import { DAY, HOUR, MINUTE } from '../../../support/times.ts';
import { freshJob, openRedis } from '../open-redis.ts';

it('the catch-up of an owner with very many jobs contains all that changed, old or new', async () => {
  await using server = await RedisServer.start();
  await using store = await openRedis([server.url]);
  const now = Date.now();
  const createdAt = now - HOUR;
  const old = freshJob({ createdAt: createdAt - 1, updatedAt: createdAt - 1 });
  await store.create(record(old));
  const [leased] = await leaseAll(store, now);
  const unchanged = Array.from({ length: 1200 }, () => freshJob({ createdAt, updatedAt: createdAt }));
  await Promise.all(unchanged.map((job) => store.create(record(job))));
  const done = completed(old, now);
  if (leased === undefined || (await store.save(leased.leaseId, { job: done, schedule: null })) !== 'saved')
    throw new Error('lost');
  const fresh = freshJob();
  await store.create(record(fresh));
  const { client, quarantine } = store;
  const missed = await catchUp(
    { type: 'owner', ownerId: 'ada' },
    {
      client,
      quarantine,
      reader: new JobReader(client, quarantine),
      since: now - MINUTE,
      now,
      retentionMs: 7 * DAY,
    },
  );
  expect(missed).toEqual([fresh, done]);
});

it('the catch-up of an owner reads no jobs that were final before', async () => {
  await using server = await RedisServer.start();
  await using store = await openRedis([server.url]);
  const now = Date.now();
  const jobs = Array.from({ length: 40 }, () => freshJob({ createdAt: now - HOUR, updatedAt: now - HOUR }));
  for (const job of jobs) {
    await store.create(record(job));
    const done = completed(job, now - HOUR);
    await store.save('', { job: done, schedule: null });
    // As if it had been saved an hour ago.
    await store.client.pexpire(keys.job(job.id), 7 * DAY - HOUR);
  }
  const [first] = jobs.map((job) => completed(job, now - HOUR));
  await server.run('CONFIG', 'RESETSTAT');
  const { client, quarantine } = store;
  const access = { client, quarantine, reader: new JobReader(client, quarantine) };
  const topic = { type: 'owner', ownerId: 'ada' } as const;
  const retentionMs = 7 * DAY;
  expect(await catchUp(topic, { ...access, since: now - MINUTE, now, retentionMs })).toEqual([]);
  expect(String(await server.run('INFO', 'commandstats'))).not.toContain('cmdstat_hgetall');
  const all = await catchUp(topic, { ...access, since: now - HOUR, now, retentionMs });
  expect(all).toHaveLength(40);
  expect(all).toContainEqual(first);
});

it('the catch-up of an expired job is empty', async () => {
  await using server = await RedisServer.start();
  await using store = await openRedis([server.url]);
  const { client, quarantine } = store;
  const reader = new JobReader(client, quarantine);
  const options = { client, quarantine, reader, since: Date.now(), now: Date.now(), retentionMs: DAY };
  const job = freshJob();
  await store.create(record(job));
  await client.del(keys.job(job.id));
  for (const topic of [
    { type: 'job', jobId: job.id },
    { type: 'owner', ownerId: job.ownerId },
    { type: 'work' },
  ] as const) {
    expect(await catchUp(topic, options)).toEqual([]);
  }
});

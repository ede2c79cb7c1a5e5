import { expect, it } from 'vitest';
import { catchUp } from '../../../../src/store/redis/events/topics.ts';
import { JobReader } from '../../../../src/store/redis/jobs/job-reader.ts';
import { keys } from '../../../../src/store/redis/keys.ts';
import { leaseAll } from '../../../contract/job-store-cases/opened-store.ts';
import { completed, record } from '../../../support/jobs.ts';
import { RedisServer } from '../../../support/redis/redis-server.ts';
import { HOUR, MINUTE } from '../../../support/times.ts';
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
    { client, quarantine, reader: new JobReader(client, quarantine), since: now - MINUTE, now },
  );
  expect(missed).toEqual([fresh, done]);
});

it('the catch-up of an expired job is empty', async () => {
  await using server = await RedisServer.start();
  await using store = await openRedis([server.url]);
  const { client, quarantine } = store;
  const reader = new JobReader(client, quarantine);
  const options = { client, quarantine, reader, since: Date.now(), now: Date.now() };
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

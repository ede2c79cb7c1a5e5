import { expect, it } from 'vitest';
import { explainFault } from '../../../../src/store/redis/connection/explain-fault.ts';
import { createAndLease } from '../../../contract/job-store-cases/opened-store.ts';
import { nextVersion, record } from '../../../support/jobs.ts';
import { Recorder } from '../../../support/recorder.ts';
import { PRIMARY_NAME, startSentinels } from '../../../support/redis/redis-sentinel.ts';
import { RedisServer } from '../../../support/redis/redis-server.ts';
import { freshJob, openRedis } from '../open-redis.ts';

it('a job and its subscriptions survive the death of the primary, which sentinels replace', async () => {
  await using primary = await RedisServer.start({ appendOnly: true });
  const following = ['--replicaof', '127.0.0.1', String(primary.port), '--repl-diskless-sync-delay', '0'];
  await using replica = await RedisServer.start({ appendOnly: true, settings: following });
  await expect.poll(() => primary.run('INFO', 'replication'), { timeout: 30_000 }).toContain('state=online');
  await using sentinels = await startSentinels(primary, 'watch:man');
  const urls = sentinels.places.map((place) => `redis://:watch%3Aman@${place}`);
  const location = { urls: ['redis://primary'], cluster: false, sentinels: { name: PRIMARY_NAME, urls } };
  await using store = await openRedis([], { location });
  const leased = await createAndLease(store, freshJob());
  const recorder = new Recorder();
  const unsubscribe = await store.subscribe({ type: 'job', jobId: leased.job.id }, recorder.listener);
  expect(await primary.run('WAIT', '1', '30000')).toBe(1);
  await primary.kill();
  const change = { job: nextVersion(leased.job), schedule: null };
  const saved = () => store.save(leased.leaseId, change).catch(String);
  await expect.poll(saved, { timeout: 40_000, interval: 50 }).toBe('saved');
  await expect.poll(() => recorder.jobs.at(-1), { timeout: 30_000 }).toEqual(change.job);
  expect(await store.create(record(freshJob()))).toEqual({ type: 'created' });
  expect(await replica.run('INFO', 'replication')).toContain('role:master');
  unsubscribe();
});

it('a start with unreachable sentinels names them and does not hang', async () => {
  const sentinels = { name: PRIMARY_NAME, urls: ['redis://127.0.0.1:1'] };
  const location = { urls: ['redis://primary'], cluster: false, sentinels };
  await expect(openRedis([], { location })).rejects.toMatchObject({
    cause: { message: expect.stringMatching(/All sentinels are unreachable/) },
  });
});

it.for([
  { credentials: '', fault: /NOAUTH/ },
  { credentials: ':wrong@', fault: /WRONGPASS/ },
])(
  'the fault of sentinels that refuse "$credentials" is not that of servers',
  async ({ credentials, fault }) => {
    await using primary = await RedisServer.start();
    await using started = await startSentinels(primary, 'watchman');
    const urls = started.places.map((place) => `redis://${credentials}${place}`);
    const location = { urls: ['redis://primary'], cluster: false, sentinels: { name: PRIMARY_NAME, urls } };
    const error: unknown = await openRedis([], { location }).catch((reason: unknown) => reason);
    const { reason } = explainFault(error);
    expect(reason).toMatch(fault);
    expect(reason).toContain('in REDIS_SENTINELS');
    expect(reason).not.toContain('REDIS_URL');
  },
);

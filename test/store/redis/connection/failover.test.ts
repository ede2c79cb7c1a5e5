import { expect, it } from 'vitest';
import { StoreUnavailableError } from '../../../../src/store/job-store.ts';
import { createAndLease } from '../../../contract/job-store-cases/opened-store.ts';
import { nextVersion } from '../../../support/jobs.ts';
import { TcpProxy } from '../../../support/network/tcp-proxy.ts';
import { Recorder } from '../../../support/recorder.ts';
import { RedisServer } from '../../../support/redis/redis-server.ts';
import { freshJob, openRedis } from '../open-redis.ts';

/** Replication starts at once instead of after five seconds. */
const SETTINGS = ['--repl-diskless-sync-delay', '0'];

it('writes work again soon after a failover behind the same name, and are received', async () => {
  await using oldPrimary = await RedisServer.start({ settings: SETTINGS });
  await using newPrimary = await RedisServer.start({ settings: SETTINGS });
  await using proxy = await TcpProxy.start(oldPrimary.port);
  await newPrimary.run('REPLICAOF', '127.0.0.1', String(oldPrimary.port));
  await using store = await openRedis([proxy.url]);
  const leased = await createAndLease(store, freshJob());
  const recorder = new Recorder();
  await store.subscribe({ type: 'job', jobId: leased.job.id }, recorder.listener);
  await expect.poll(() => linkOf(newPrimary)).toBe('up');
  await expect.poll(() => newPrimary.run('DBSIZE')).toBe(await oldPrimary.run('DBSIZE'));

  await newPrimary.run('REPLICAOF', 'NO', 'ONE');
  await oldPrimary.run('REPLICAOF', '127.0.0.1', String(newPrimary.port));
  // The name resolves to the old primary for a while.
  await expect(store.health()).rejects.toThrow(StoreUnavailableError);
  proxy.pointTo(newPrimary.port);

  const next = nextVersion(leased.job, { phase: 'submitting' });
  const save = () => store.save(leased.leaseId, { job: next, schedule: null }).catch(() => 'failed');
  await expect.poll(save).toBe('saved');
  await expect.poll(() => store.health().catch(() => null)).toEqual({ quarantined: 0 });
  await recorder.received(1);
  expect(recorder.jobs.at(-1)).toEqual(next);
});

async function linkOf(server: RedisServer): Promise<string | undefined> {
  return /master_link_status:(\w+)/.exec(String(await server.run('INFO', 'replication')))?.[1];
}

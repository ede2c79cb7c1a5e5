import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StoreUnavailableError } from '../../../../src/store/job-store.ts';
import { createAndLease } from '../../../contract/job-store-cases/opened-store.ts';
import { nextVersion } from '../../../support/jobs.ts';
import { type Certificate, makeCertificate, readCa } from '../../../support/network/certificates.ts';
import { Recorder } from '../../../support/recorder.ts';
import { startRedisCluster } from '../../../support/redis/redis-cluster.ts';
import { RedisServer } from '../../../support/redis/redis-server.ts';
import { tempFolder } from '../../../support/temp-folder.ts';
import { freshJob, openRedis } from '../open-redis.ts';

describe('Redis over TLS with a certificate that names only its host', () => {
  const resources = new DisposableStack();
  const own = getCACertificates('default');
  let certificate: Certificate;

  beforeAll(() => {
    certificate = makeCertificate(resources.use(tempFolder()).path, 'localhost');
    setDefaultCACertificates([...own, readCa(certificate)]);
  });
  afterAll(() => {
    setDefaultCACertificates(own);
    resources.dispose();
  });

  it('works', async () => {
    await using server = await RedisServer.start({ certificate });
    await savesAndHears([`rediss://localhost:${server.tlsPort}`]);
    // A certificate for another host is refused.
    await expect(openRedis([`rediss://127.0.0.1:${server.tlsPort}`])).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/altnames|IP: 127\.0\.0\.1/) },
    });
  });

  it.each([
    ['addresses', []],
    [
      'names of their own',
      ['--cluster-announce-hostname', 'localhost', '--cluster-preferred-endpoint-type', 'hostname'],
    ],
  ])('works as a cluster whose nodes announce %s', async (_, settings) => {
    await using cluster = await startRedisCluster({ certificate, settings });
    const urls = cluster.nodes.map(({ tlsPort }) => `rediss://localhost:${tlsPort}`);
    await savesAndHears(urls);
    await expect(openRedis(urls.map((url) => url.replace('localhost', '127.0.0.1')))).rejects.toThrow(
      StoreUnavailableError,
    );
  });
});

/** Saves a job on one store and receives the event on another. */
async function savesAndHears(...[urls, change]: Parameters<typeof openRedis>): Promise<void> {
  await using writer = await openRedis(urls, change);
  await using watcher = await openRedis(urls, change);
  const leased = await createAndLease(writer, freshJob());
  const recorder = new Recorder();
  const unsubscribe = await watcher.subscribe(
    { type: 'owner', ownerId: leased.job.ownerId },
    recorder.listener,
  );
  expect(await writer.save(leased.leaseId, { job: nextVersion(leased.job), schedule: null })).toBe('saved');
  await recorder.received(1);
  unsubscribe();
}

import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { generate, readJob, spawnGateway, watchToEnd } from '../../support/gateway/spawned-gateway.ts';
import { RedisServer } from '../../support/redis/redis-server.ts';
import { startCountingUpstream } from '../../support/upstream/counting-upstream.ts';

test('a poller that was frozen cannot overwrite its successor’s result', async () => {
  await using redis = await RedisServer.start();
  // The answer must not arrive before the poller is frozen, also on a busy machine.
  await using upstream = await startCountingUpstream(3000);
  const settings = {
    REDIS_URL: redis.url,
    SEGMIND_API_KEY: 'SG_test',
    SEGMIND_BASE_URL: upstream.url,
    SEGMIND_TIMEOUT_MS: '4000',
  };
  await using frozen = await spawnGateway({ ...settings, ROLE: 'all' });
  const { id } = await generate(frozen.url, { prompt: 'in flight' });
  await expect.poll(() => upstream.submits.get('in flight')).toBe(1);
  await quiet(redis.url);
  frozen.kill('SIGSTOP');
  await using other = await spawnGateway({ ...settings, ROLE: 'all' });

  // The lease expires during the POST, so it is unknown whether the upstream made a job.
  const end = (await watchToEnd(other.url, id)).at(-1);
  expect(end).toMatchObject({
    status: 'FAILED',
    failure: { code: 'SUBMISSION_UNKNOWN', charged: 'UNKNOWN' },
  });
  frozen.kill('SIGCONT');
  await expect.poll(() => frozen.output()).toContain('another poller has taken the job over');
  expect(await readJob(other.url, id)).toEqual(end);
  expect(upstream.submits.get('in flight')).toBe(1);
});

/**
 * Resolves once Redis has received no command for 30 ms. A poller that is frozen during a command drops its connection when
 * it wakes, so it would not even try to write.
 */
async function quiet(url: string): Promise<void> {
  const client = new Redis(url);
  const monitor = await client.monitor();
  try {
    let askedAt = performance.now();
    monitor.on('monitor', () => {
      askedAt = performance.now();
    });
    while (performance.now() - askedAt < 30) await sleep(5);
  } finally {
    monitor.disconnect();
    client.disconnect();
  }
}

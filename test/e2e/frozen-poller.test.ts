import { expect, test } from 'vitest';
import { RedisServer } from '../support/redis-server.ts';
import { generate, readJob, spawnGateway, watchToEnd } from '../support/spawned-gateway.ts';
import { startCountingUpstream } from './counting-upstream.ts';

test('a poller that stood still cannot write over its successor', { timeout: 80_000 }, async () => {
  await using redis = await RedisServer.start();
  await using upstream = await startCountingUpstream(500);
  const settings = {
    REDIS_URL: redis.url,
    SEGMIND_API_KEY: 'SG_test',
    SEGMIND_BASE_URL: upstream.url,
    SEGMIND_TIMEOUT_MS: '1000',
  };
  await using frozen = await spawnGateway({ ...settings, ROLE: 'all' });
  const { id } = await generate(frozen.url, { prompt: 'in flight' });
  await expect.poll(() => upstream.submits.get('in flight')).toBe(1);
  frozen.kill('SIGSTOP');
  await using other = await spawnGateway({ ...settings, ROLE: 'all' });

  // Its lease runs out in the middle of the POST: nobody can know whether a job was made.
  const end = (await watchToEnd(other.url, id)).at(-1);
  expect(end).toMatchObject({
    status: 'FAILED',
    failure: { code: 'SUBMISSION_UNKNOWN', charged: 'UNKNOWN' },
  });
  frozen.kill('SIGCONT');
  // It tries to write. Where a command was under way as it was stopped, its connection is given up as it wakes, and it can't.
  await expect
    .poll(() => frozen.output(), { timeout: 15_000 })
    .toMatch(/another poller has taken the job over|a step failed; it is repeated after its lease/);
  expect(await readJob(other.url, id)).toEqual(end);
  expect(upstream.submits.get('in flight')).toBe(1);
});

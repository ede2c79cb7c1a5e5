import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { generate, spawnGateway, watchToEnd } from '../../support/gateway/spawned-gateway.ts';
import { RedisServer } from '../../support/redis/redis-server.ts';
import { PaidUpstream } from '../../support/upstream/paid-upstream.ts';

test('streams of jobs that Redis has lost end with NOT_FOUND, and later jobs work', async () => {
  await using redis = await RedisServer.start();
  await using upstream = await PaidUpstream.start({ runMs: 3_600_000 });
  const settings = {
    REDIS_URL: redis.url,
    SEGMIND_API_KEY: 'SG_test',
    SEGMIND_BASE_URL: upstream.url,
    SEGMIND_RPM: '0',
  };
  await using first = await spawnGateway(settings);
  await using second = await spawnGateway(settings);
  const urls = [first.url, second.url];
  const jobs = await Promise.all(
    Array.from({ length: 28 }, (_, index) => generate(urls[index % 2] ?? '', { prompt: `lost ${index}` })),
  );
  const open = new Set<string>();
  const streams = jobs.flatMap(({ id }) =>
    urls.map((url) => watchToEnd(url, id, () => open.add(`${url} ${id}`)).catch((error: unknown) => error)),
  );
  await expect.poll(() => open.size).toBe(56);
  const client = new Redis(redis.url);
  await client.flushall();
  client.disconnect();
  const ends = (await Promise.all(streams)).map((end) => JSON.stringify(end));
  expect(ends.filter((end) => !end.includes('NOT_FOUND'))).toEqual([]);
  for (const gateway of [first, second]) {
    expect(gateway.output()).toContain('the store no longer has jobs that are watched');
    expect(gateway.output()).not.toContain('stack');
  }
  const next = await generate(first.url, { prompt: 'after it' });
  await expect.poll(() => upstream.posts).toContain('after it');
  expect(next.status).toBe('QUEUED');
}, 60_000);

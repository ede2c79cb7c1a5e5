import { afterAll, beforeAll, expect, test } from 'vitest';
import { generate, spawnGateway } from '../../support/gateway/spawned-gateway.ts';
import { RedisServer } from '../../support/redis/redis-server.ts';
import { tempFolder } from '../../support/temp-folder.ts';

/** Each setting and the error code when its limit is reached. */
const SETTINGS = [
  ['MAX_UNFINISHED_JOBS', 'CAPACITY_EXCEEDED'],
  ['MAX_UNFINISHED_JOBS_PER_OWNER', 'OWNER_CAPACITY_EXCEEDED'],
  ['MAX_JOBS_PER_DAY', 'DAILY_LIMIT_REACHED'],
  ['MAX_JOBS_PER_DAY_PER_OWNER', 'OWNER_DAILY_LIMIT_REACHED'],
  ['GENERATE_RPM_PER_OWNER', 'RATE_LIMITED'],
] as const;

let redis: RedisServer;
beforeAll(async () => {
  redis = await RedisServer.start();
});
afterAll(() => redis[Symbol.asyncDispose]());

test.each(SETTINGS)('%s=1 limits two instances together', async (name, code) => {
  await redis.run('FLUSHALL');
  const settings = {
    ROLE: 'api',
    REDIS_URL: redis.url,
    SEGMIND_API_KEY: 'SG_test',
    SEGMIND_BASE_URL: 'http://127.0.0.1:1',
    [name]: '1',
  };
  const starting = await Promise.all([spawnGateway(settings), spawnGateway(settings)]);
  await using first = starting[0];
  await using second = starting[1];
  await generate(first.url, { prompt: 'one' });
  await expect(generate(second.url, { prompt: 'two' })).rejects.toThrow(`"code":"${code}"`);
});

test('GENERATE_RPM_PER_OWNER=1 holds on the embedded store', async () => {
  using folder = tempFolder();
  await using gateway = await spawnGateway({ DATA_DIR: folder.path, GENERATE_RPM_PER_OWNER: '1' });
  await generate(gateway.url, { prompt: 'one' });
  await expect(generate(gateway.url, { prompt: 'two' })).rejects.toThrow('"code":"RATE_LIMITED"');
});

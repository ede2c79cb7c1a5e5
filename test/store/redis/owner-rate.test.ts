import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { StoreUnavailableError } from '../../../src/store/job-store.ts';
import { redisOwnerRate } from '../../../src/store/redis/open.ts';
import type { RedisJobStore } from '../../../src/store/redis/redis-job-store.ts';
import { RedisServer } from '../../support/redis/redis-server.ts';
import { MINUTE, SECOND } from '../../support/times.ts';
import { openRedis } from './open-redis.ts';
import { REDIS_KINDS } from './redis-kinds.ts';

describe.each(REDIS_KINDS)('the rate limit of owners on %s', (_, start) => {
  const resources = new AsyncDisposableStack();
  let stores: readonly [RedisJobStore, RedisJobStore];
  let flush: () => Promise<unknown>;
  const rates = (rpm: number) =>
    [
      redisOwnerRate(stores[0].client, 'generate', rpm),
      redisOwnerRate(stores[1].client, 'generate', rpm),
    ] as const;

  beforeAll(async () => {
    const redis = resources.use(await start());
    const { urls } = redis;
    flush = () => redis.flush();
    stores = [resources.use(await openRedis(urls)), resources.use(await openRedis(urls))];
  }, 60_000);
  beforeEach(async () => {
    await flush();
  });
  afterAll(() => resources.disposeAsync());

  it('is shared by all instances', async () => {
    const [a, b] = rates(7);
    const waits = await Promise.all(
      Array.from({ length: 50 }, (__, index) => (index % 2 === 0 ? a : b).take('ada')),
    );
    expect(waits.filter((waitMs) => waitMs === null)).toHaveLength(7);
    for (const waitMs of waits.filter((each) => each !== null)) {
      expect(waitMs).toBeGreaterThan(50 * SECOND);
      expect(waitMs).toBeLessThanOrEqual(MINUTE);
    }
    expect(await b.take('bob')).toBeNull();
  });

  it('starts again after a minute', async () => {
    const [a, b] = rates(1);
    expect(await a.take('ada')).toBeNull();
    expect(await b.take('ada')).not.toBeNull();
    await stores[0].client.pexpire('rg:rate:ada', 5);
    await expect.poll(() => b.take('ada')).toBeNull();
  });

  it('is counted separately for each kind of call', async () => {
    const [generate] = rates(1);
    const upload = redisOwnerRate(stores[0].client, 'upload', 1);
    expect(await generate.take('ada')).toBeNull();
    expect(await upload.take('ada')).toBeNull();
    expect(await generate.take('ada')).not.toBeNull();
    expect(await upload.take('ada')).not.toBeNull();
  });

  it('does not limit calls with 0', async () => {
    const [a] = rates(0);
    for (let i = 0; i < 100; i += 1) expect(await a.take('ada')).toBeNull();
  });
});

it('rejects calls while Redis is unavailable', async () => {
  await using server = await RedisServer.start();
  await using store = await openRedis([server.url]);
  const rate = redisOwnerRate(store.client, 'generate', 100);
  expect(await rate.take('ada')).toBeNull();
  await server.kill();
  await expect(rate.take('ada')).rejects.toThrow(StoreUnavailableError);
});

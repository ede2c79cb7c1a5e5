import { expect, it } from 'vitest';
import { StoreUnavailableError } from '../../../src/store/job-store.ts';
import { RedisServer } from '../../support/redis-server.ts';
import { openRedis } from './open-redis.ts';

it(
  'a ping fails while announcements cannot be heard, though jobs can be read',
  { timeout: 30_000 },
  async () => {
    await using server = await RedisServer.start();
    await using store = await openRedis([server.url]);
    await store.ping();
    await server.run('ACL', 'SETUSER', 'default', '-subscribe');
    await server.run('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await expect
      .poll(() => store.ping().catch((error: unknown) => error))
      .toBeInstanceOf(StoreUnavailableError);
    expect(await store.nextDueAt()).toBeNull();
    await server.run('ACL', 'SETUSER', 'default', '+subscribe');
    await expect.poll(() => store.ping().then(() => 'ready'), { timeout: 15_000 }).toBe('ready');
  },
);

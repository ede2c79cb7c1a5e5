import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keys } from '../../../src/store/redis/keys.ts';
import { RedisDurationStore } from '../../../src/store/redis/redis-duration-store.ts';
import { durationStoreCases } from '../../contract/duration-store.ts';
import { RedisServer } from '../../support/redis-server.ts';
import { openRedis } from './open-redis.ts';

describe('what was learned of durations, in Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const open = async () => {
    await server.run('FLUSHALL');
    await using resources = new AsyncDisposableStack();
    const [one, other] = [
      resources.use(await openRedis([server.url])),
      resources.use(await openRedis([server.url])),
    ];
    const owned = resources.move();
    return {
      one: new RedisDurationStore(one.client),
      other: new RedisDurationStore(other.client),
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  };
  durationStoreCases(open);

  it('leaves what it cannot read alone, and starts anew when it adds to it', async () => {
    await using opened = await open();
    await server.run(
      'HSET',
      keys.durations,
      'run',
      'v2 of a newer one',
      'queue',
      '1 nan 3',
      'run 480 3 30',
      '2 3 4',
    );
    expect(await opened.one.read()).toEqual(new Map([['run 480 3 30', { weight: 2, sum: 3, squares: 4 }]]));
    await opened.one.add([{ group: 'run', moments: { mean: 2, square: 5 } }]);
    expect((await opened.one.read()).get('run')).toEqual({ weight: 1, sum: 2, squares: 5 });
  });
});

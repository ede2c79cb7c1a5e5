import { once } from 'node:events';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { GatewayEvents } from '../../../../src/events/gateway-events.ts';
import { collect } from '../../../support/events.ts';
import { RedisServer } from '../../../support/redis/redis-server.ts';
import { openRedis } from '../open-redis.ts';
import { REDIS_KINDS, redisOfTests } from '../redis-kinds.ts';

describe.each(REDIS_KINDS)('the connection to %s', (_, start) => {
  const emptied = redisOfTests(start);

  it('is not lost when the store is closed', async () => {
    const events = new GatewayEvents();
    const states = collect(events, 'store:connection');
    const store = await openRedis(await emptied(), { events });
    const ended = once(store.client, 'end');
    await store[Symbol.asyncDispose]();
    await ended;
    await endOfTurn();
    expect(states.map(({ connection, state }) => `${connection} ${state}`).toSorted()).toEqual([
      'commands connected',
      'subscriber connected',
    ]);
  });
});

it('an outage of Redis is one loss of each connection, however long it takes', async () => {
  await using server = await RedisServer.start();
  const events = new GatewayEvents();
  const states = collect(events, 'store:connection');
  await using store = await openRedis([server.url], { events });
  const of = (name: string) =>
    states.filter(({ connection }) => connection === name).map(({ state }) => state);
  let attempts = 0;
  store.client.on('reconnecting', () => (attempts += 1));
  await server.kill();
  await expect.poll(() => attempts, { timeout: 10_000 }).toBeGreaterThan(4);
  await server.restart();
  for (const name of ['commands', 'subscriber'])
    await expect.poll(() => of(name), { timeout: 10_000 }).toEqual(['connected', 'lost', 'connected']);
});

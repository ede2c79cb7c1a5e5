import { describe, expect, it } from 'vitest';
import { ServerClock } from '../../../../src/store/redis/connection/server-clock.ts';
import { FakeClock, settled } from '../../../support/fake-clock.ts';
import { HOUR, NOON, SECOND } from '../../../support/times.ts';
import { openRedis } from '../open-redis.ts';
import { REDIS_KINDS } from '../redis-kinds.ts';

/** A server whose answer takes a round trip, half of it in each direction. */
class FakeServer {
  monotonic = 5000;
  roundTripMs = 0;
  /** The server's time when the monotonic clock was zero. */
  epoch = NOON;
  asked = 0;
  isUnavailable = false;

  readonly ask = async (): Promise<number> => {
    this.asked += 1;
    if (this.isUnavailable) throw new Error('The server is unavailable.');
    this.monotonic += this.roundTripMs / 2;
    const time = this.epoch + this.monotonic;
    this.monotonic += this.roundTripMs / 2;
    return time;
  };
}

async function openClock(server: FakeServer) {
  const clock = new FakeClock();
  const serverClock = new ServerClock({ ask: server.ask, monotonic: () => server.monotonic, clock });
  await serverClock.start();
  return { clock, serverClock };
}

describe("the server's time", () => {
  it('is measured without the round trip, and runs with the monotonic clock', async () => {
    const server = new FakeServer();
    server.roundTripMs = 300;
    const { serverClock } = await openClock(server);
    await using _ = serverClock;
    expect(serverClock.now).toBe(NOON + server.monotonic);
    server.monotonic += HOUR;
    expect(serverClock.now).toBe(NOON + server.monotonic);
  });

  it('is measured every ten seconds, and follows a clock that was set', async () => {
    const server = new FakeServer();
    const { clock, serverClock } = await openClock(server);
    await using _ = serverClock;
    for (const step of [-HOUR, 45 * SECOND, 24 * HOUR]) {
      server.epoch += step;
      await clock.advance(10 * SECOND);
      expect(serverClock.now).toBe(server.epoch + server.monotonic);
    }
    expect(server.asked).toBe(4);
  });

  it('does not jitter with slow measurements', async () => {
    const server = new FakeServer();
    const { clock, serverClock } = await openClock(server);
    await using _ = serverClock;
    server.roundTripMs = 400;
    server.epoch += 150;
    await clock.advance(10 * SECOND);
    expect(serverClock.now).toBe(NOON + server.monotonic);
    server.epoch += 150;
    await clock.advance(10 * SECOND);
    expect(serverClock.now).toBe(server.epoch + server.monotonic);
  });

  it('continues from the last measurement while the server is unavailable', async () => {
    const server = new FakeServer();
    const { clock, serverClock } = await openClock(server);
    await using _ = serverClock;
    server.isUnavailable = true;
    await clock.advance(60 * SECOND);
    expect(server.asked).toBe(7);
    expect(serverClock.now).toBe(NOON + server.monotonic);
    server.isUnavailable = false;
    server.epoch += HOUR;
    await clock.advance(10 * SECOND);
    expect(serverClock.now).toBe(server.epoch + server.monotonic);
  });

  it('is not measured after it is disposed, and leaves no timer', async () => {
    const { clock, serverClock } = await openClock(new FakeServer());
    expect(clock.sleeping).toBe(1);
    await serverClock[Symbol.asyncDispose]();
    await settled();
    expect(clock.sleeping).toBe(0);
  });
});

describe.each(REDIS_KINDS)('the time of %s', (_, start) => {
  it('is the time of the server, also when the store has a wrong clock', async () => {
    await using redis = await start();
    await using store = await openRedis(redis.urls, { clock: new FakeClock(NOON - 24 * HOUR) });
    // The server and the test run on this machine.
    expect(Math.abs(store.serverNow - Date.now())).toBeLessThan(SECOND);
  });
});

import { Writable } from 'node:stream';
import { inspect } from 'node:util';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../../src/config/config.ts';
import { GatewayEvents } from '../../../../src/events/gateway-events.ts';
import { SteadyClock } from '../../../../src/process/clocks.ts';
import { StoreUnavailableError } from '../../../../src/store/job-store.ts';
import { openStorage } from '../../../../src/store/open.ts';
import { checkRedisSettings } from '../../../../src/store/redis/connection/permissions.ts';
import { keys } from '../../../../src/store/redis/keys.ts';
import { GatewayLog } from '../../../../src/telemetry/logs/gateway-log.ts';
import { RedisServer } from '../../../support/redis/redis-server.ts';
import { openRedis } from '../open-redis.ts';

async function warningsOf(...settings: string[]): Promise<string[]> {
  await using server = await RedisServer.start({ settings });
  await using store = await openRedis([server.url]);
  const warnings: string[] = [];
  await checkRedisSettings(store.client, (message) => warnings.push(message));
  return warnings;
}

describe('the settings of a Redis', () => {
  it('cause a warning when Redis may evict or lose jobs', async () => {
    expect(await warningsOf('--maxmemory-policy', 'allkeys-lru')).toEqual([
      expect.stringMatching(/maxmemory-policy allkeys-lru.*noeviction/),
      expect.stringMatching(/appendonly no.*yes/),
    ]);
  });

  it('cause no warning when they are right or cannot be read', async () => {
    expect(await warningsOf('--appendonly', 'yes')).toEqual([]);
    expect(await warningsOf('--rename-command', 'CONFIG', '')).toEqual([]);
  });
});

describe('a database', () => {
  it('that does not exist is refused, and not replaced by number 0', async () => {
    await using server = await RedisServer.start();
    await using inside = await openRedis([`${server.url}/1`]);
    expect(await inside.nextDueAt()).toBeNull();
    await expect(openRedis([`${server.url}/99`])).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/DB index is out of range/) },
    });
  });
});

describe('the durations that an earlier version learned', () => {
  it('are imported once', async () => {
    await using server = await RedisServer.start();
    await server.run('HSET', keys.earlierDurations, 'a run', '2 3 4.5', 'b run', 'not numbers');
    const config = parseConfig({ REDIS_URL: server.url });
    const { log } = listeningLog();
    const open = async () => {
      const clock = new SteadyClock();
      const events = new GatewayEvents();
      using _ = new GatewayLog(log, clock, events);
      return openStorage(config, clock, log, events, new AbortController().signal);
    };
    const first = await open();
    await using resources = new AsyncDisposableStack();
    resources.use(first.store);
    expect(await first.durations.read()).toEqual(new Map([['a run', { weight: 2, sum: 3, squares: 4.5 }]]));
    await first.durations.add([{ group: 'a run', moments: { mean: 1, square: 1 } }]);
    const second = await open();
    resources.use(second.store);
    expect(await second.durations.read()).toEqual(await first.durations.read());
  });
});

describe('a password', () => {
  it('opens a Redis that requires one', async () => {
    await using server = await RedisServer.start({ settings: ['--requirepass', 'open/ses:ame'] });
    await using store = await openRedis([`redis://:open%2Fses%3Aame@127.0.0.1:${server.port}`]);
    expect(await store.nextDueAt()).toBeNull();
  });

  it('that is wrong is reported without its text', async () => {
    await using server = await RedisServer.start({ settings: ['--requirepass', 'hunter2-right'] });
    const url = `redis://:hunter2-wrong@127.0.0.1:${server.port}`;
    const { log, lines } = listeningLog();
    const giveUp = new AbortController();
    const config = parseConfig({ REDIS_URL: url });
    const clock = new SteadyClock();
    const events = new GatewayEvents();
    using _ = new GatewayLog(log, clock, events);
    const opening = openStorage(config, clock, log, events, giveUp.signal);
    await expect.poll(() => lines.length).toBeGreaterThan(0);
    giveUp.abort();
    await expect(opening).rejects.toBe(giveUp.signal.reason);
    expect(lines[0]).toMatch(/127\.0\.0\.1:\d+ cannot be reached \(WRONGPASS .*trying again/);
    const error: unknown = await openRedis([url]).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StoreUnavailableError);
    log.error({ err: error }, 'as others would log it');
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain('hunter2');
    expect(lines.join('')).not.toContain('hunter2');
  });

  it('that is right appears in no log either', async () => {
    await using server = await RedisServer.start({ settings: ['--requirepass', 'hunter2'] });
    const { log, lines } = listeningLog();
    const config = parseConfig({ REDIS_URL: `redis://:hunter2@127.0.0.1:${server.port}` });
    const clock = new SteadyClock();
    const events = new GatewayEvents();
    using _ = new GatewayLog(log, clock, events);
    const { store } = await openStorage(config, clock, log, events, new AbortController().signal);
    await server.kill();
    await expect(store.nextDueAt()).rejects.toThrow(StoreUnavailableError);
    await expect.poll(() => lines.join('')).toContain('the subscriber connection to Redis was lost');
    await store[Symbol.asyncDispose]();
    expect(lines[0]).toContain(`jobs are kept in Redis at redis://127.0.0.1:${server.port}`);
    expect(lines.join('')).not.toContain('hunter2');
  });
});

/** A log that keeps every line. */
function listeningLog() {
  const lines: string[] = [];
  const sink = new Writable({
    write: (chunk, _, done) => {
      lines.push(String(chunk));
      done();
    },
  });
  return { log: pino({ level: 'trace' }, sink), lines };
}

import { Writable } from 'node:stream';
import { inspect } from 'node:util';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config.ts';
import { openStorage } from '../../../src/storage.ts';
import { StoreUnavailableError } from '../../../src/store/job-store.ts';
import { checkRedisSettings } from '../../../src/store/redis/check-settings.ts';
import { RedisServer } from '../../support/redis-server.ts';
import { openRedis } from './open-redis.ts';

async function warningsOf(...settings: string[]): Promise<string[]> {
  await using server = await RedisServer.start({ settings });
  await using store = await openRedis([server.url]);
  const warnings: string[] = [];
  await checkRedisSettings(store.client, (message) => warnings.push(message));
  return warnings;
}

describe('the settings of a Redis', () => {
  it('are warned of when it may throw jobs away or forget them', async () => {
    expect(await warningsOf('--maxmemory-policy', 'allkeys-lru')).toEqual([
      expect.stringMatching(/maxmemory-policy allkeys-lru.*noeviction/),
      expect.stringMatching(/appendonly no.*yes/),
    ]);
  });

  it('are not warned of when they are right, nor when it does not tell them', async () => {
    expect(await warningsOf('--appendonly', 'yes')).toEqual([]);
    expect(await warningsOf('--rename-command', 'CONFIG', '')).toEqual([]);
  });
});

describe('a password', () => {
  it('opens a Redis that wants one', async () => {
    await using server = await RedisServer.start({ settings: ['--requirepass', 'open/ses:ame'] });
    await using store = await openRedis([`redis://:open%2Fses%3Aame@127.0.0.1:${server.port}`]);
    expect(await store.nextDueAt()).toBeNull();
  });

  it.each(['wrong', 'right'] as const)('shows in no error and no log when it is %s', async (which) => {
    await using server = await RedisServer.start({ settings: ['--requirepass', 'hunter2-right'] });
    const url = `redis://:hunter2-${which}@127.0.0.1:${server.port}`;
    const lines: string[] = [];
    const sink = new Writable({
      write: (chunk, _, done) => {
        lines.push(String(chunk));
        done();
      },
    });
    const log = pino({ level: 'trace' }, sink);
    const config = parseConfig({ REDIS_URL: url });
    const giveUp = new AbortController();
    const opening = openStorage(config, log, giveUp.signal);
    if (which === 'wrong') {
      await expect.poll(() => lines.length).toBeGreaterThan(1);
      giveUp.abort();
      await expect(opening).rejects.toBe(giveUp.signal.reason);
      const error: unknown = await openRedis([url]).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(StoreUnavailableError);
      log.error({ err: error }, 'as others would log it');
      lines.push(inspect(error, { depth: Infinity, showHidden: true }));
    } else {
      const { store } = await opening;
      await server.kill();
      await expect(store.nextDueAt()).rejects.toThrow(StoreUnavailableError);
      await expect.poll(() => lines.join('')).toContain('the line for announcements was lost');
      await store[Symbol.asyncDispose]();
    }
    expect(lines.join('\n')).toContain(`127.0.0.1:${server.port}`);
    expect(lines.join('\n')).not.toContain('hunter2');
  });
});

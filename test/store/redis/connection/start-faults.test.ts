import { readFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../../../src/config/config.ts';
import { GatewayEvents } from '../../../../src/events/gateway-events.ts';
import { SteadyClock } from '../../../../src/process/clocks.ts';
import { openStorage } from '../../../../src/store/open.ts';
import { GatewayLog } from '../../../../src/telemetry/logs/gateway-log.ts';
import { makeCertificate } from '../../../support/network/certificates.ts';
import { RedisServer } from '../../../support/redis/redis-server.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

describe('a start with a Redis that cannot be used', () => {
  const resources = new AsyncDisposableStack();
  let server: RedisServer;

  beforeAll(async () => {
    const certificate = makeCertificate(resources.use(tempFolder()).path, 'localhost');
    server = resources.use(await RedisServer.start({ certificate }));
    await server.run('ACL', 'SETUSER', 'app', 'on', '>right', '~rg:*', '&rg:*', '+@all');
  });
  afterAll(() => resources.disposeAsync());

  const app = (password = 'right') => `redis://app:${password}@127.0.0.1:${server.port}`;

  it('names a wrong scheme instead of retrying for ever', async () => {
    const output = await Promise.all([
      start({ REDIS_URL: `redis://localhost:${server.tlsPort}` }),
      start({ REDIS_URL: `rediss://localhost:${server.port}` }),
      start({ REDIS_URL: `redis://localhost:${server.tlsPort}`, REDIS_CLUSTER: 'true' }),
      start({ REDIS_URL: `rediss://localhost:${server.port}`, REDIS_CLUSTER: 'true' }),
    ]);
    const [tls, plain] = [
      /^ends: .*requires TLS: write rediss:\/\//,
      /^ends: .*does not support TLS: write redis:\/\//,
    ];
    for (const [index, expected] of [tls, plain, tls, plain].entries())
      expect(output[index]).toMatch(expected);
  });

  it.each(['false', 'true'])('names a certificate that cannot be verified: cluster %s', async (cluster) => {
    const output = await start({ REDIS_URL: `rediss://localhost:${server.tlsPort}`, REDIS_CLUSTER: cluster });
    expect(output).toMatch(/^ends: .*self-signed.*NODE_EXTRA_CA_CERTS/);
  });

  it('names the TLS error of a sentinel', async () => {
    const sentinels = { REDIS_SENTINELS: `mymaster@rediss://localhost:${server.tlsPort}` };
    expect(await start(sentinels)).toMatch(/^ends: .*self-signed.*NODE_EXTRA_CA_CERTS/);
    const plain = { REDIS_SENTINELS: `mymaster@rediss://localhost:${server.port}` };
    expect(await start(plain)).toMatch(/^ends: .*does not support TLS: write redis:\/\/ in REDIS_SENTINELS/);
  });

  it('names a Redis that is not a cluster', async () => {
    expect(await start({ REDIS_URL: server.url, REDIS_CLUSTER: 'true' })).toMatch(
      /^ends: .*REDIS_CLUSTER=false/,
    );
  });

  it.each([
    ['-publish', 'PUBLISH'],
    ['-eval -evalsha', 'EVAL, EVALSHA'],
    ['-zadd -hset', 'HSET, ZADD'],
    ['-subscribe', "'subscribe' command"],
    ['resetkeys', 'the keys rg:*'],
    ['resetchannels', 'the channels rg:*'],
  ])('names what its user may not do: %s', async (rules, name) => {
    await server.run('ACL', 'SETUSER', 'app', ...rules.split(' '));
    const output = await start({ REDIS_URL: app() });
    await server.run('ACL', 'SETUSER', 'app', '~rg:*', '&rg:*', '+@all');
    expect(output).toMatch(/^ends: Redis at redis:\/\/127\.0\.0\.1:\d+ cannot be used: NOPERM.*ACL SETUSER/);
    expect(output).toContain(name);
  });

  it('starts with the documented permissions', async () => {
    const text = readFileSync('docs/operations.md', 'utf8');
    const [, rules = ''] = /`ACL SETUSER app on >password ([^`]+)`/.exec(text) ?? [];
    const all = ['reset', 'on', '>right', ...rules.replaceAll('\\|', '|').split(' ')];
    await server.run('ACL', 'SETUSER', 'app', ...all);
    const output = await start({ REDIS_URL: app() });
    await server.run('ACL', 'SETUSER', 'app', '+@all');
    expect(output).toContain('jobs are kept in Redis');
    expect(output).not.toContain('may not');
  });

  it('starts without CONFIG and INFO, and logs a warning', async () => {
    await server.run('ACL', 'SETUSER', 'app', '-config', '-info');
    const output = await start({ REDIS_URL: app() });
    await server.run('ACL', 'SETUSER', 'app', '+@all');
    expect(output).toContain('may not run INFO and CONFIG');
  });

  it('retries with a wrong password, and names the setting', async () => {
    expect(await start({ REDIS_URL: app('wrong') })).toMatch(
      /WRONGPASS.*the user or the password in REDIS_URL is wrong\); trying again/,
    );
  });

  it('names a used up limit of clients or of memory', async () => {
    await server.run('CONFIG', 'SET', 'maxmemory', '1mb');
    const full = await start({ REDIS_URL: server.url });
    await server.run('CONFIG', 'SET', 'maxmemory', '0');
    expect(full).toMatch(/^ends: .*OOM .*raise its maxmemory/);
    await using small = await RedisServer.start({ settings: ['--maxclients', '1'] });
    const held = new Redis(small.url);
    await held.ping();
    expect(await start({ REDIS_URL: small.url })).toMatch(/max number of clients reached; raise maxclients/);
    held.disconnect();
  });
});

/** The error of the start or its log. */
async function start(settings: Readonly<Record<string, string>>): Promise<string> {
  const lines: string[] = [];
  const giveUp = new AbortController();
  const sink = new Writable({
    write: (chunk, _, done) => {
      lines.push(String(chunk));
      if (String(chunk).includes('"level":40')) giveUp.abort();
      done();
    },
  });
  const [log, clock] = [pino(sink), new SteadyClock()];
  const events = new GatewayEvents();
  using _ = new GatewayLog(log, clock, events);
  try {
    const { store } = await openStorage(parseConfig(settings), clock, log, events, giveUp.signal);
    await store[Symbol.asyncDispose]();
    return lines.join('');
  } catch (error) {
    return error instanceof Error && error.name === 'StartError' ? `ends: ${error.message}` : lines.join('');
  }
}

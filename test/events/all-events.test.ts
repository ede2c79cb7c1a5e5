import { getIntrospectionQuery } from 'graphql';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApp, type AppOverrides } from '../../src/app.ts';
import { parseConfig } from '../../src/config/config.ts';
import { type GatewayEventName, GatewayEvents } from '../../src/events/gateway-events.ts';
import { keys } from '../../src/store/redis/keys.ts';
import { generate, INPUT } from '../support/gateway/generate.ts';
import { graphql } from '../support/gateway/http.ts';
import { WsClient } from '../support/gateway/ws-client.ts';
import { RedisServer } from '../support/redis/redis-server.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { json } from '../support/upstream/replies.ts';
import { ScriptedUpstream } from '../support/upstream/scripted-upstream.ts';
import { webhookSecret } from '../webhooks/webhook-settings.ts';

/** Every name of the map, and where a gateway emits it below. The compiler demands all names. */
const EMITTED_BY: Readonly<Record<GatewayEventName, 'a life' | 'an outage' | 'a slow client'>> = {
  operation: 'a life',
  'subscription:open': 'a life',
  'subscription:message': 'a life',
  'subscription:end': 'a life',
  'socket:open': 'a life',
  'socket:close': 'a life',
  'client:slow': 'a slow client',
  request: 'a life',
  'job:changed': 'a life',
  'job:ended': 'a life',
  'job:lost': 'an outage',
  claim: 'a life',
  'step:start': 'a life',
  'step:end': 'a life',
  'upstream:call': 'a life',
  'budget:waiting': 'an outage',
  circuit: 'an outage',
  'store:call': 'a life',
  'store:connection': 'an outage',
  'store:unreadable': 'an outage',
  archive: 'a life',
  delivery: 'a life',
  fault: 'an outage',
};
const isName = (name: string): name is GatewayEventName => name in EMITTED_BY;
const NAMES = Object.keys(EMITTED_BY).filter(isName);
const WAIT = { timeout: 30_000 };
const WATCH = 'subscription ($id: ID!) { videoJobUpdated(id: $id) { isTerminal } }';

let redis: RedisServer;
beforeAll(async () => {
  redis = await RedisServer.start();
});
afterAll(() => redis[Symbol.asyncDispose]());

/** A gateway with all its parts, and the names of the events that it has emitted. */
async function start(settings: Readonly<Record<string, string>>, overrides: AppOverrides = {}) {
  await using resources = new AsyncDisposableStack();
  await redis.run('FLUSHALL');
  const folder = resources.use(tempFolder());
  const events = new GatewayEvents();
  const seen = new Set<GatewayEventName>();
  for (const name of NAMES) events.on(name, () => seen.add(name));
  const config = parseConfig({
    PORT: '0',
    DATA_DIR: folder.path,
    REDIS_URL: redis.url,
    ALLOWED_HOSTS: '*',
    ALLOW_ANONYMOUS: 'true',
    GENERATE_RPM_PER_OWNER: '0',
    ...settings,
  });
  const log = pino({ level: 'silent' });
  const signal = new AbortController().signal;
  const app = resources.use(await startApp(config, log, signal, { ...overrides, events }));
  const owned = resources.move();
  const missing = (scenario: string) =>
    NAMES.filter((name) => EMITTED_BY[name] === scenario && !seen.has(name));
  return { url: app.url, seen, missing, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

test('a life of a job with a subscriber, an archive and a webhook', async () => {
  await using receiver = await ScriptedUpstream.start();
  receiver.on('POST', '/hook', json(200, {}));
  await using gateway = await start({
    SANDBOX: 'true',
    SANDBOX_SPEED: '50',
    ARCHIVE: 'folder',
    PUBLIC_URL: 'https://gateway.example.com',
    WEBHOOK_SECRET: webhookSecret(1),
    WEBHOOK_ORIGINS: receiver.origin,
  });
  const { url, missing } = gateway;
  const input = {
    ...INPUT,
    image: 'https://gateway.example.com/sandbox/images/sample.png',
    webhookUrl: `${receiver.origin}/hook`,
  };
  const { job, issues } = await generate(url, input);
  expect(issues).toBeUndefined();
  {
    using client = await WsClient.connect(url);
    client.subscribe('1', WATCH, { id: job?.id });
    await expect.poll(() => client.pending.map(({ type }) => type), WAIT).toContain('complete');
  }
  await expect.poll(() => missing('a life'), WAIT).toEqual([]);
}, 90_000);

test('an outage of the upstream and of the store, and jobs that are lost or cannot be read', async () => {
  await using upstream = await ScriptedUpstream.start();
  upstream.on('POST', /./, { type: 'silence' });
  await using gateway = await start({
    SEGMIND_API_KEY: 'SG_test',
    SEGMIND_BASE_URL: upstream.origin,
    SEGMIND_HISTORY_URL: 'off',
    SEGMIND_TIMEOUT_MS: '2000',
    SEGMIND_RPM: '0',
    ARCHIVE: 'off',
  });
  const { url, missing, seen } = gateway;
  const posts = () => upstream.requests.filter(({ method }) => method === 'POST').length;
  const client = new Redis(redis.url);
  const created = await Promise.all(
    Array.from({ length: 14 }, (_, index) => generate(url, { ...INPUT, prompt: String(index) })),
  );
  await expect.poll(posts, WAIT).toBe(14);
  const ids = created.map(({ job }) => job?.id ?? '');
  await client.hset(keys.job(ids[0] ?? ''), 'version', 'null');
  await graphql(url, 'query ($id: ID!) { videoJob(id: $id) { id } }', { id: ids[0] });
  await client.del(keys.job(ids[1] ?? ''));
  // Their answers are lost when the calls end.
  await expect.poll(() => [...seen], WAIT).toContain('circuit');
  await generate(url, { ...INPUT, prompt: 'waits' });
  await expect.poll(() => [...seen], WAIT).toContain('budget:waiting');
  client.disconnect();
  await redis.kill();
  await expect.poll(() => missing('an outage'), WAIT).toEqual([]);
  await redis.restart();
}, 90_000);

test('a slow client', async () => {
  const slowClientLimits = { writeTimeoutMs: 60_000, maxUnreadBytes: 1024 };
  const settings = { SANDBOX: 'true', ARCHIVE: 'off' };
  await using gateway = await start(settings, { server: { slowClientLimits } });
  using client = await WsClient.connect(gateway.url);
  client.socket.pause();
  for (let id = 0; id < 200; id += 1) client.subscribe(String(id), getIntrospectionQuery());
  await expect.poll(() => gateway.missing('a slow client'), WAIT).toEqual([]);
}, 90_000);

import { createHash } from 'node:crypto';
import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { postBody } from '../support/gateway/http.ts';
import { RedisServer } from '../support/redis/redis-server.ts';
import {
  generate as generateJob,
  spawnFailingGateway,
  spawnGateway,
} from '../support/gateway/spawned-gateway.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { WsClient } from '../support/gateway/ws-client.ts';
import { startCountingUpstream } from './counting-upstream.ts';

// Neither looks like one.
const UPSTREAM_KEY = 'k/ey+of=the-upstream';
const API_KEY = 'key-of-the-backend-0123456789';
const JWT_SECRET = 'the-secret-that-users-tokens-are-signed-with';
const REDIS_PASSWORD = 'p@ssword-of-redis';
const SIGNATURE = 'X-Amz-Signature=5ignature0f1mage';

test('a whole run at the finest log level shows no secret, also when everything fails', async () => {
  await using upstream = await startCountingUpstream();
  await using redis = await RedisServer.start({ settings: ['--requirepass', REDIS_PASSWORD] });
  const redisUrl = redis.url.replace('//', `//:${REDIS_PASSWORD}@`);
  using folder = tempFolder();
  const keysFile = join(folder.path, 'keys.json');
  const sha256 = createHash('sha256').update(API_KEY).digest('hex');
  writeFileSync(
    keysFile,
    JSON.stringify([{ sha256, owner: 'ada', scopes: ['video:generate', 'video:read'] }]),
  );
  await using gateway = await spawnGateway({
    DATA_DIR: folder.path,
    REDIS_URL: redisUrl,
    SEGMIND_API_KEY: UPSTREAM_KEY,
    SEGMIND_BASE_URL: upstream.url,
    AUTH_JWT_SECRET: JWT_SECRET,
    AUTH_API_KEYS_FILE: keysFile,
    LOG_LEVEL: 'trace',
  });
  const jwt = await new SignJWT({ sub: 'ada', scope: 'video:generate video:read' })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(JWT_SECRET));
  const ask = async (query: string, token: string) => {
    const { text } = await postBody(gateway.url, JSON.stringify({ query }), {
      authorization: `Bearer ${token}`,
    });
    return text;
  };

  const accepted = await ask(generate('one'), API_KEY);
  const id = /vj_[0-9a-f-]+/.exec(accepted)?.[0] ?? '';
  const made = await ask(`mutation { createJobToken(id: "${id}") { token } }`, jwt);
  const jobToken = /rgj_[\w.-]+/.exec(made)?.[0] ?? '';
  expect(await ask(`{ videoJob(id: "${id}") { id } }`, jobToken)).toContain(id);
  using client = await WsClient.open(gateway.url);
  client.send({ type: 'connection_init', payload: { token: jwt } });
  await client.next();
  client.subscribe('1', 'subscription ($id: ID!) { videoJobUpdated(id: $id) { id } }', { id });
  await client.result('1');
  await expect.poll(() => gateway.output(), { timeout: 15_000 }).toContain('job completed');

  const answers = [
    await ask('{ videoJobs { nodes { id } } }', `${jwt}x`),
    await ask('{ nonsense }', API_KEY),
  ];
  // Its refusals carry the whole command, with the job in it.
  const admin = new Redis(redisUrl);
  await admin.config('SET', 'maxmemory', '1');
  admin.disconnect();
  for (const token of [API_KEY, jwt, jobToken]) answers.push(await ask(generate('two'), token));
  await expect.poll(() => gateway.output()).toContain('"level":"error"');
  gateway.kill('SIGTERM');
  expect(await gateway.exited).toBe(0);

  const everything = [...answers, gateway.output()].join('\n');
  const [, payload = ''] = jwt.split('.');
  for (const secret of [
    UPSTREAM_KEY,
    encodeURIComponent(UPSTREAM_KEY),
    API_KEY,
    JWT_SECRET,
    REDIS_PASSWORD,
    encodeURIComponent(REDIS_PASSWORD),
    '5ignature0f1mage',
    payload,
    jobToken,
    sha256,
  ]) {
    expect(everything).not.toContain(secret);
  }
  expect(everything).toContain('STORE_UNAVAILABLE');
  expect(everything).toContain('UNAUTHENTICATED');
});

test('every file of the data folder is for its owner’s eyes only, also those that were not', async () => {
  using folder = tempFolder();
  const data = join(folder.path, 'data');
  await (await spawnGateway({ DATA_DIR: data }))[Symbol.asyncDispose]();
  // As a copy, a restored backup or a process with another umask leaves them.
  for (const path of filesIn(data)) chmodSync(path, statSync(path).isDirectory() ? 0o777 : 0o666);
  writeFileSync(join(data, 'reelgate-backup.sqlite'), '', { mode: 0o644 });
  chmodSync(data, 0o755);
  await using gateway = await spawnGateway({ DATA_DIR: data });
  await generateJob(gateway.url, { prompt: 'a cat' });
  expect(modeOf(join(data, 'reelgate.sqlite-wal'))).toBe('600');
  // Nothing comes and goes any more.
  gateway.kill('SIGTERM');
  await gateway.exited;
  const modes = filesIn(data).map((path) => [path, modeOf(path)]);
  expect(modes.length).toBeGreaterThan(5);
  expect(modes).toEqual(filesIn(data).map((path) => [path, statSync(path).isDirectory() ? '700' : '600']));
  expect(gateway.output()).toContain('other users could reach files in DATA_DIR');
});

test.each([
  [{ HOST: '0.0.0.0' }, 'HOST: 0.0.0.0 lets others in, and nothing says who may ask'],
  [{ AUTH_API_KEYS_FILE: '/nowhere/keys.json' }, 'AUTH_API_KEYS_FILE /nowhere/keys.json cannot be read'],
  [
    { TRUSTED_DOCUMENTS_FILE: '/nowhere/documents.json' },
    'TRUSTED_DOCUMENTS_FILE /nowhere/documents.json cannot be read',
  ],
])('with %j it does not start, and says why', async (settings, reason) => {
  using folder = tempFolder();
  const { exit, output } = await spawnFailingGateway({ DATA_DIR: folder.path, ...settings });
  expect(exit).toBe(1);
  expect(output).toContain(reason);
  expect(output).not.toContain('\\n    at ');
});

function generate(prompt: string): string {
  return `mutation { generateVideo(input: { image: "https://example.com/a.png?${SIGNATURE}", prompt: "${prompt}" }) { ... on GenerateVideoSuccess { job { id } } } }`;
}

/** The folder and all that is in it. */
function filesIn(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return [folder, ...names.map((name) => join(folder, name))];
}

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

import { createHash } from 'node:crypto';
import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { graphql, answerOf, postBody } from '../../support/gateway/http.ts';
import { generate, spawnGateway, watchToEnd } from '../../support/gateway/spawned-gateway.ts';
import { PNG, postUpload } from '../../support/gateway/upload.ts';
import { WsClient } from '../../support/gateway/ws-client.ts';
import { ConnectProxy } from '../../support/network/connect-proxy.ts';
import { RedisServer } from '../../support/redis/redis-server.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { startCountingUpstream } from '../../support/upstream/counting-upstream.ts';
import { json } from '../../support/upstream/replies.ts';
import { ScriptedUpstream } from '../../support/upstream/scripted-upstream.ts';

// Values that no pattern of a key or password would match.
const UPSTREAM_KEY = 'k/ey+of=the-upstream';
const KEY_FORMS = [
  UPSTREAM_KEY,
  encodeURIComponent(UPSTREAM_KEY),
  UPSTREAM_KEY.replaceAll('/', String.raw`\/`),
];
const API_KEY = 'key-of-the-backend-0123456789';
const JWT_SECRET = 'the-secret-that-users-tokens-are-signed-with';
const REDIS_PASSWORD = 'p@ssword-of-redis';
const SIGNATURE = 'X-Amz-Signature=5ignature0f1mage';

test('neither responses nor the log at level trace contain a secret, even when every call fails', async () => {
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

  const accepted = await ask(mutation('one'), API_KEY);
  const id = /vj_[0-9a-f-]+/.exec(accepted)?.[0] ?? '';
  const made = await ask(`mutation { createJobToken(id: "${id}") { token } }`, jwt);
  const jobToken = /rgj_[\w.-]+/.exec(made)?.[0] ?? '';
  expect(await ask(`{ videoJob(id: "${id}") { id } }`, jobToken)).toContain(id);
  using client = await WsClient.open(gateway.url);
  client.send({ type: 'connection_init', payload: { token: jwt } });
  await client.next();
  client.subscribe('1', 'subscription ($id: ID!) { videoJobUpdated(id: $id) { id } }', { id });
  await client.result('1');
  await expect.poll(() => gateway.output()).toContain('job completed');

  const answers = [
    await ask('{ videoJobs { nodes { id } } }', `${jwt}x`),
    await ask('{ nonsense }', API_KEY),
  ];
  // Redis' errors for a full memory contain the whole command, which contains the job.
  const admin = new Redis(redisUrl);
  await admin.config('SET', 'maxmemory', '1');
  admin.disconnect();
  for (const token of [API_KEY, jwt, jobToken]) answers.push(await ask(mutation('two'), token));
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

test('only the owner can read the data folder’s files, even if others could before', async () => {
  using folder = tempFolder();
  const data = join(folder.path, 'data');
  await (await spawnGateway({ DATA_DIR: data }))[Symbol.asyncDispose]();
  // A copy, a restored backup or a process with another umask leaves such modes.
  for (const path of filesIn(data)) chmodSync(path, statSync(path).isDirectory() ? 0o777 : 0o666);
  writeFileSync(join(data, 'reelgate-backup.sqlite'), '', { mode: 0o644 });
  chmodSync(data, 0o755);
  await using gateway = await spawnGateway({ DATA_DIR: data });
  await generate(gateway.url, { prompt: 'a cat' });
  expect(modeOf(join(data, 'reelgate.sqlite-wal'))).toBe('600');
  // After the exit no file appears or disappears.
  gateway.kill('SIGTERM');
  await gateway.exited;
  // The folder of the archive protects the files in it.
  const files = filesIn(data).filter((path) => !path.includes('/archive/'));
  const modes = files.map((path) => [path, modeOf(path)]);
  expect(modes.length).toBeGreaterThan(5);
  expect(modes).toEqual(files.map((path) => [path, statSync(path).isDirectory() ? '700' : '600']));
  expect(gateway.output()).toContain('other users could reach files in DATA_DIR');
});

test('the upstream gets the documented payload and the key; no response and no log line contains the key', async () => {
  await using upstream = await startCountingUpstream();
  upstream.refuse = (prompt) =>
    prompt === 'echo'
      ? { status: 400, body: JSON.stringify({ error: `Keys ${KEY_FORMS.join(' ')} may not do this` }) }
      : null;
  using folder = tempFolder();
  await using gateway = await spawnGateway({
    DATA_DIR: folder.path,
    SEGMIND_API_KEY: UPSTREAM_KEY,
    SEGMIND_BASE_URL: upstream.url,
    LOG_LEVEL: 'trace',
  });
  const image = 'https://example.com/a%20b.png?sig=x%2By+z&e=1';
  const good = await generate(gateway.url, { image, prompt: '  a cat  ', resolution: 'R576', seed: 7 });
  const bad = await generate(gateway.url, { prompt: 'echo' });
  const ends = await Promise.all([good, bad].map(({ id }) => watchToEnd(gateway.url, id)));
  expect(ends.map((history) => history.at(-1)?.status)).toEqual(['COMPLETED', 'FAILED']);
  expect(ends[1]?.at(-1)?.failure).toMatchObject({
    code: 'REJECTED',
    charged: 'NO',
    message: 'Keys [redacted] [redacted] [redacted] may not do this',
  });
  expect(upstream.payloads[0]).toEqual({
    key: UPSTREAM_KEY,
    body: {
      image,
      prompt: 'a cat',
      negative_prompt:
        'blurry, bad quality, camera shake, distortion, poor composition, low resolution, artifact, watermark',
      resolution: 576,
      video_length: 3,
      steps: 30,
      seed: 7,
      base64: false,
    },
  });
  const everything =
    JSON.stringify([ends, await graphql(gateway.url, '{ __typename nonsense }')]) + gateway.output();
  for (const form of KEY_FORMS) expect(everything).not.toContain(form);
  expect(everything).toContain('[redacted]');
});

test('a job is sent through the proxy of the environment, whose password is not in the log', async () => {
  using folder = tempFolder();
  await using upstream = await startCountingUpstream();
  await using proxy = await ConnectProxy.start(Number(new URL(upstream.url).port), 'tunnels');
  await using gateway = await spawnGateway({
    DATA_DIR: folder.path,
    SEGMIND_API_KEY: 'SG_0123456789abcdef',
    SEGMIND_BASE_URL: 'http://upstream.test',
    http_proxy: proxy.url.replace('://', '://ada:swordfish@'),
    LOG_LEVEL: 'trace',
  });
  await generate(gateway.url, { prompt: 'a cat' });
  await expect.poll(() => upstream.payloads.length).toBe(1);
  expect(new Set(proxy.connects.map(({ target }) => target))).toEqual(new Set(['upstream.test:80']));
  expect(gateway.output()).toContain(`the proxy ${new URL(proxy.url).host} for http`);
  expect(gateway.output()).not.toContain('swordfish');
});

test('an upstream that refuses an upload and echoes the key: the client gets UPLOAD_FAILED, the log the reason without the key', async () => {
  using folder = tempFolder();
  await using upstream = await ScriptedUpstream.start();
  upstream.on('POST', '/upload-asset', json(403, { error: `no uploads for ${UPSTREAM_KEY}` }));
  await using gateway = await spawnGateway({
    DATA_DIR: folder.path,
    SEGMIND_API_KEY: UPSTREAM_KEY,
    SEGMIND_BASE_URL: upstream.origin,
    LOG_LEVEL: 'trace',
  });
  const { text } = await postUpload(gateway.url, PNG);
  expect(answerOf(text).errors?.map(({ extensions }) => extensions)).toEqual([{ code: 'UPLOAD_FAILED' }]);
  expect(upstream.requests[0]?.headers['x-api-key']).toBe(UPSTREAM_KEY);
  await expect.poll(() => gateway.output()).toContain('no uploads for [redacted]');
  expect(gateway.output() + text).not.toContain(UPSTREAM_KEY);
});

function mutation(prompt: string): string {
  return `mutation { generateVideo(input: { image: "https://example.com/a.png?${SIGNATURE}", prompt: "${prompt}" }) { ... on GenerateVideoSuccess { job { id } } } }`;
}

/** The folder and everything below it. */
function filesIn(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return [folder, ...names.map((name) => join(folder, name))];
}

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

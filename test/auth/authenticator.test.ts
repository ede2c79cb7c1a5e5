import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { describe, expect, it, vi } from 'vitest';
import { ApiKeys } from '../../src/auth/api-keys.ts';
import { Authenticator } from '../../src/auth/authenticator.ts';
import { AuthenticationError, AuthUnavailableError } from '../../src/auth/authentication-error.ts';
import { JobTokens } from '../../src/auth/job-tokens.ts';
import { UserTokens } from '../../src/auth/user-tokens.ts';
import { SettingsFileError } from '../../src/settings-file.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { until } from '../support/gateway-until.ts';
import { MINUTE, NOON } from '../support/times.ts';
import { BOTH_SCOPES, signToken, START, userTokens } from './tokens.ts';

const jobTokens = new JobTokens(new Uint8Array(32));
const now = () => NOON;
const onUnavailable = () => {};

describe('a JWK set', () => {
  it('is fetched once, again for a key that is new, and never lets a shared secret through', async () => {
    const first = await makeKey('first');
    const second = await makeKey('second');
    const published = [first.jwk];
    await using set = await serveKeys(() => ({ keys: published }));
    const tokens = verifierAt(set.url);
    expect(await tokens.verify(await first.sign())).toMatchObject({ ownerId: 'ada', jobId: null });
    await tokens.verify(await first.sign());
    expect(set.requests()).toBe(1);
    await expect(tokens.verify(await second.sign())).rejects.toThrow(AuthenticationError);
    await expect(tokens.verify(await signToken())).rejects.toThrow(AuthenticationError);
    published.push(second.jwk);
    // Another verifier, as the set is not fetched anew more than once in half a minute.
    await verifierAt(set.url).verify(await second.sign());
  });

  it('holds while its issuer is away, and is looked at again every few minutes', async () => {
    const { jwk, sign } = await makeKey('first');
    let answer: object | null = { keys: [jwk] };
    await using set = await serveKeys(() => answer);
    const clock = new FakeClock();
    const told: unknown[] = [];
    const tokens = verifierAt(set.url, clock.now, (error) => told.push(error));
    await tokens.verify(await sign());
    answer = null;
    clock.jump(5 * MINUTE);
    const token = await sign(5 * 60 + 60);
    expect(await tokens.verify(token)).toMatchObject({ ownerId: 'ada' });
    await until(set.requests, 2);
    expect(await tokens.verify(token)).toMatchObject({ ownerId: 'ada' });
    await until(() => told.length, 1);
    // The issuer takes the key back.
    answer = { keys: [] };
    clock.jump(5 * MINUTE);
    const last = await sign(10 * 60 + 60);
    await tokens.verify(last);
    await until(set.requests, 3);
    await vi.waitFor(() => expect(tokens.verify(last)).rejects.toThrow('The token is not valid.'));
  });

  it('that can’t be had is no fault of the token', async () => {
    const { sign } = await makeKey('first');
    await using set = await serveKeys(() => null);
    await expect(verifierAt(set.url).verify(await sign())).rejects.toThrow(AuthUnavailableError);
    await expect(verifierAt('http://127.0.0.1:9/jwks').verify(await sign())).rejects.toThrow(
      AuthUnavailableError,
    );
  });
});

it('trouble with the keys is told, and not once a request', async () => {
  const told: Error[] = [];
  let time = NOON;
  const authenticator = new Authenticator({
    userTokens: verifierAt('http://127.0.0.1:9/jwks'),
    apiKeys: null,
    jobTokens,
    now: () => time,
    onUnavailable: (error) => told.push(error),
  });
  const { sign } = await makeKey('first');
  const token = await sign();
  for (const later of [0, 9999, 1]) {
    time += later;
    await expect(authenticator.authenticate(token)).rejects.toThrow(AuthUnavailableError);
  }
  expect(told).toHaveLength(2);
  await expect(authenticator.authenticate('garbage')).rejects.toThrow(AuthenticationError);
  expect(told).toHaveLength(2);
});

describe('scopes', () => {
  it.each([
    [{ scope: BOTH_SCOPES }, ['video:generate', 'video:read']],
    [{ scope: undefined, scp: ['video:read', 'x'] }, ['video:read']],
    [{ scope: undefined, scp: 'video:read x' }, ['video:read']],
    [{ scope: 7 }, []],
  ])('of %j are %j', async (claims, scopes) => {
    const caller = await userTokens().verify(await signToken(claims));
    expect([...caller.scopes]).toEqual(scopes);
  });
});

it('a token without an end is good for ever', async () => {
  const caller = await userTokens().verify(await signToken({ exp: undefined }));
  expect(caller.expiresAt).toBe(null);
});

it.each([undefined, 7, '', 'x'.repeat(257), '\ud800', ' ', 'a ', 'a\nb', 'anonymous'])(
  'nobody is the owner %j',
  async (sub) => {
    const signed = await signToken({ sub });
    const tokens = userTokens();
    await expect(tokens.verify(signed)).rejects.toThrow('The token is not valid.');
  },
);

it('a user’s token signed with the secret of job tokens is no job token', async () => {
  const jwt = await new SignJWT({ sub: 'ada', job: 'x', exp: START + 60 })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new Uint8Array(32));
  await expect(jobTokens.verify(`rgj_${jwt}`, NOON)).rejects.toThrow(AuthenticationError);
});

describe('static keys', () => {
  const KEY = 'correct-horse-battery-staple';
  const sha256 = createHash('sha256').update(KEY).digest('hex');

  it('are known by their hashes, beside JWTs', async () => {
    using folder = tempFolder();
    const apiKeys = ApiKeys.read(write(folder.path, [{ sha256, owner: 'backend', scopes: ['video:read'] }]));
    const authenticator = new Authenticator({
      userTokens: userTokens(),
      apiKeys,
      jobTokens,
      now,
      onUnavailable,
    });
    expect(await authenticator.authenticate(KEY)).toEqual({
      ownerId: 'backend',
      scopes: new Set(['video:read']),
      jobId: null,
      expiresAt: null,
    });
    expect(await authenticator.authenticate(await signToken())).toMatchObject({ ownerId: 'ada' });
    await expect(authenticator.authenticate(sha256)).rejects.toThrow('The token is not valid.');
    await expect(authenticator.authenticate(`${KEY} `)).rejects.toThrow('The token is not valid.');
    await expect(authenticator.authenticate(null)).rejects.toThrow('A token is needed');
  });

  it.each([
    ['not JSON', 'it is not JSON'],
    [[{ sha256: KEY, owner: 'a', scopes: [] }], '0.sha256: must be the 64 hexadecimal digits of a SHA-256'],
    [[], 'the file: there is no key in it'],
    [
      [{ sha256: createHash('sha256').update('').digest('hex'), owner: 'a', scopes: [] }],
      '0.sha256: is the hash of nothing',
    ],
    [
      [
        { sha256, owner: 'a', scopes: [] },
        { sha256: sha256.toUpperCase(), owner: 'b', scopes: ['video:read'] },
      ],
      '1.sha256: repeats the hash of entry 0',
    ],
    [[{ sha256, owner: '', scopes: [] }], '0.owner: must be 1 to 256 characters'],
    [[{ sha256, owner: 'a', scopes: ['all'] }], '0.scopes.0: must be of video:generate, video:read'],
  ])('are not read from %j', (content, fault) => {
    using folder = tempFolder();
    const path = write(folder.path, content);
    expect(() => ApiKeys.read(path)).toThrow(SettingsFileError);
    expect(() => ApiKeys.read(path)).toThrow(fault);
    expect(() => ApiKeys.read(path)).not.toThrow(KEY);
  });
});

it('where nobody signs in a job’s token still narrows, and any other counts for nothing', async () => {
  const authenticator = new Authenticator({ userTokens: null, apiKeys: null, jobTokens, now, onUnavailable });
  const id = 'vj_00000000-0000-7000-8000-000000000000';
  expect(await authenticator.authenticate('garbage')).toMatchObject({ ownerId: 'anonymous', jobId: null });
  const token = await jobTokens.issue('anonymous', id, NOON + 60_000);
  expect(await authenticator.authenticate(token)).toMatchObject({ ownerId: 'anonymous', jobId: id });
});

function write(folder: string, content: unknown): string {
  const path = join(folder, 'keys.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

function verifierAt(jwksUrl: string, time = now, onStale: (error: unknown) => void = () => {}): UserTokens {
  return new UserTokens({
    key: { jwksUrl },
    issuer: null,
    audience: null,
    ownerClaim: 'sub',
    now: time,
    onStale,
  });
}

async function makeKey(kid: string): Promise<{ jwk: JWK; sign: (seconds?: number) => Promise<string> }> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' };
  const sign = (seconds = 60) =>
    new SignJWT({ sub: 'ada', scope: BOTH_SCOPES, exp: START + seconds })
      .setProtectedHeader({ alg: 'ES256', kid })
      .sign(privateKey);
  return { jwk, sign };
}

async function serveKeys(
  keys: () => object | null,
): Promise<AsyncDisposable & { url: string; requests: () => number }> {
  let requests = 0;
  const server: Server = createServer((_, response) => {
    requests += 1;
    const body = keys();
    response
      .writeHead(body === null ? 500 : 200, { 'content-type': 'application/json' })
      .end(JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${portOf(server)}/jwks`,
    requests: () => requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

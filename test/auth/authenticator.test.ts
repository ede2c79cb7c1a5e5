import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { ApiKeys, ApiKeysError } from '../../src/auth/api-keys.ts';
import { Authenticator } from '../../src/auth/authenticator.ts';
import { AuthenticationError, AuthUnavailableError } from '../../src/auth/authentication-error.ts';
import { JobTokens } from '../../src/auth/job-tokens.ts';
import { UserTokens } from '../../src/auth/user-tokens.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { NOON } from '../support/times.ts';
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
    expect(await tokens.verify(await first.sign(), NOON)).toMatchObject({ ownerId: 'ada', jobId: null });
    await tokens.verify(await first.sign(), NOON);
    expect(set.requests()).toBe(1);
    await expect(tokens.verify(await second.sign(), NOON)).rejects.toThrow(AuthenticationError);
    await expect(tokens.verify(await signToken(), NOON)).rejects.toThrow(AuthenticationError);
    published.push(second.jwk);
    // Another verifier, as the set is not fetched anew more than once in half a minute.
    await verifierAt(set.url).verify(await second.sign(), NOON);
  });

  it('that can’t be had is no fault of the token', async () => {
    const { sign } = await makeKey('first');
    await using set = await serveKeys(() => null);
    await expect(verifierAt(set.url).verify(await sign(), NOON)).rejects.toThrow(AuthUnavailableError);
    await expect(verifierAt('http://127.0.0.1:9/jwks').verify(await sign(), NOON)).rejects.toThrow(
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
    const caller = await userTokens().verify(await signToken(claims), NOON);
    expect([...caller.scopes]).toEqual(scopes);
  });
});

it('a token without an end is good for ever', async () => {
  const caller = await userTokens().verify(await signToken({ exp: undefined }), NOON);
  expect(caller.expiresAt).toBe(null);
});

it.each([undefined, 7, '', 'x'.repeat(257), '\ud800'])('nobody is the owner %j', async (sub) => {
  const signed = await signToken({ sub });
  const tokens = userTokens();
  await expect(tokens.verify(signed, NOON)).rejects.toThrow('The token is not valid.');
});

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
    [[{ sha256, owner: '', scopes: [] }], '0.owner: must be 1 to 256 characters'],
    [[{ sha256, owner: 'a', scopes: ['all'] }], '0.scopes.0: must be of video:generate, video:read'],
  ])('are not read from %j', (content, fault) => {
    using folder = tempFolder();
    const path = write(folder.path, content);
    expect(() => ApiKeys.read(path)).toThrow(ApiKeysError);
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

function verifierAt(jwksUrl: string): UserTokens {
  return new UserTokens({ key: { jwksUrl }, issuer: null, audience: null, ownerClaim: 'sub' });
}

async function makeKey(kid: string): Promise<{ jwk: JWK; sign: () => Promise<string> }> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' };
  const sign = () =>
    new SignJWT({ sub: 'ada', scope: BOTH_SCOPES, exp: START + 60 })
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

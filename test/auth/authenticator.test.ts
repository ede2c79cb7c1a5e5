import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { ApiKeys } from '../../src/auth/api-keys.ts';
import { AuthenticationError, AuthUnavailableError } from '../../src/auth/authentication-error.ts';
import { Authenticator } from '../../src/auth/authenticator.ts';
import { createKeyFetcher } from '../../src/auth/remote-keys.ts';
import { SettingsFileError } from '../../src/config/settings-file.ts';
import { GatewayEvents } from '../../src/events/gateway-events.ts';
import { collect, NO_EVENTS } from '../support/events.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { NOON } from '../support/times.ts';
import { signingKey, verifier } from './signing-keys.ts';
import { BOTH_SCOPES, jobTokensOf, signToken, START, userTokens } from './tokens.ts';

const jobTokens = jobTokensOf();
const now = () => NOON;

it('tokens that cannot be checked are reported as faults, invalid ones are not', async () => {
  const events = new GatewayEvents();
  const reported = collect(events, 'fault');
  const authenticator = new Authenticator({
    userTokens: verifier(createKeyFetcher('http://127.0.0.1:9/jwks', null), { now }),
    apiKeys: null,
    jobTokens,
    now,
    events,
  });
  const { sign } = await signingKey('first');
  const token = await sign();
  await expect(authenticator.authenticate(token)).rejects.toThrow(AuthUnavailableError);
  const fault = { part: 'auth', details: { err: expect.any(AuthUnavailableError) } };
  expect(reported).toMatchObject([fault]);
  await expect(authenticator.authenticate('garbage')).rejects.toThrow(AuthenticationError);
  expect(reported).toHaveLength(1);
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

it('a token without `exp` does not expire', async () => {
  const caller = await userTokens().verify(await signToken({ exp: undefined }));
  expect(caller.expiresAt).toBe(null);
});

it.each([undefined, 7, '', 'x'.repeat(257), '\ud800', ' ', 'a ', 'a\nb', 'anonymous'])(
  'a token of the owner %j is refused',
  async (sub) => {
    const signed = await signToken({ sub });
    const tokens = userTokens();
    await expect(tokens.verify(signed)).rejects.toThrow('The token is not valid.');
  },
);

it('a user token that is signed with the secret of job tokens is not a job token', async () => {
  const id = 'vj_00000000-0000-7000-8000-000000000000';
  const jwt = await new SignJWT({ sub: 'ada', job: id, iat: START, exp: START + 60 })
    .setProtectedHeader({ alg: 'HS256', kid: 'test' })
    .sign(new Uint8Array(32));
  await expect(jobTokens.verify(`rgj_${jwt}`, NOON)).rejects.toThrow(AuthenticationError);
});

describe('static keys', () => {
  const KEY = 'correct-horse-battery-staple';
  const sha256 = createHash('sha256').update(KEY).digest('hex');

  it('are found by their hashes, beside JWTs', async () => {
    using folder = tempFolder();
    const apiKeys = ApiKeys.read(write(folder.path, [{ sha256, owner: 'backend', scopes: ['video:read'] }]));
    const authenticator = new Authenticator({
      userTokens: userTokens(),
      apiKeys,
      jobTokens,
      now,
      events: NO_EVENTS,
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
    await expect(authenticator.authenticate(null)).rejects.toThrow('A token is required');
  });

  it.each([
    ['not JSON', 'it is not JSON'],
    [[{ sha256: KEY, owner: 'a', scopes: [] }], '0.sha256: must be the 64 hexadecimal digits of a SHA-256'],
    [[], 'the file: has no key'],
    [
      [{ sha256: createHash('sha256').update('').digest('hex'), owner: 'a', scopes: [] }],
      '0.sha256: is the hash of the empty text',
    ],
    [
      [
        { sha256, owner: 'a', scopes: ['all'] },
        { sha256: sha256.toUpperCase(), owner: 'b', scopes: ['video:read'] },
      ],
      '1.sha256: repeats the hash of entry 0',
    ],
    [[{ sha256, owner: '', scopes: [] }], '0.owner: must be 1 to 256 characters'],
    [
      [{ sha256, owner: 'a', scopes: ['all'] }],
      '0.scopes.0: must be of video:generate, video:read, gateway:admin',
    ],
  ])('are not read from %j', (content, fault) => {
    using folder = tempFolder();
    const path = write(folder.path, content);
    expect(() => ApiKeys.read(path)).toThrow(SettingsFileError);
    expect(() => ApiKeys.read(path)).toThrow(fault);
    expect(() => ApiKeys.read(path)).not.toThrow(KEY);
  });
});

it('without sign-in a job token still restricts, and other tokens are ignored', async () => {
  const authenticator = new Authenticator({
    userTokens: null,
    apiKeys: null,
    jobTokens,
    now,
    events: NO_EVENTS,
  });
  const id = 'vj_00000000-0000-7000-8000-000000000000';
  expect(await authenticator.authenticate('garbage')).toMatchObject({ ownerId: 'anonymous', jobId: null });
  const token = await jobTokens.issue('anonymous', id, NOON, NOON + 60_000);
  expect(await authenticator.authenticate(token)).toMatchObject({ ownerId: 'anonymous', jobId: id });
});

function write(folder: string, content: unknown): string {
  const path = join(folder, 'keys.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

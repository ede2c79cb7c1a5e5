import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';
import { faultOf } from './fault-of.ts';

const SEGMIND_API_KEY = 'SG_1';
const SECRET = 'x'.repeat(32);

describe('sign-in', () => {
  it.each(['127.0.0.1', '127.8.0.1', '::1', 'localhost'])('is not needed on this machine, at %s', (HOST) => {
    expect(parseConfig({ HOST }).auth).toBe(null);
  });

  it.each(['0.0.0.0', '::', '10.0.0.1', '127.example.com', 'gateway.example'])(
    'or ALLOW_ANONYMOUS is needed at %s',
    (HOST) => {
      expect(faultOf({ HOST, SEGMIND_API_KEY })).toMatch(
        /^HOST: .* is open to other machines and callers do not sign in/,
      );
      expect(faultOf({ HOST, SEGMIND_API_KEY, ALLOW_ANONYMOUS: 'true' })).toBe('none');
      expect(faultOf({ HOST, SEGMIND_API_KEY, AUTH_JWT_SECRET: SECRET })).toBe('none');
      expect(faultOf({ HOST, SEGMIND_API_KEY, AUTH_JWKS_URL: 'https://id.example.com/jwks' })).toBe('none');
      expect(faultOf({ HOST, SEGMIND_API_KEY, AUTH_API_KEYS_FILE: 'keys.json' })).toBe('none');
    },
  );

  it('sets limits for each owner', () => {
    expect(parseConfig({ AUTH_JWT_SECRET: SECRET }).limits).toMatchObject({
      unfinishedJobsPerOwner: 100,
      generateRpmPerOwner: 60,
      streamsPerOwner: 1000,
      operationsPerSocket: 1000,
    });
  });

  it.each([
    [
      { AUTH_JWT_SECRET: SECRET, AUTH_JWKS_URL: 'https://id.example.com' },
      'AUTH_JWT_SECRET: and AUTH_JWKS_URL exclude each other: remove one of them',
    ],
    [
      { AUTH_ISSUER: 'x' },
      'AUTH_ISSUER: needs AUTH_JWKS_URL or AUTH_JWT_SECRET: without them no JWT is accepted',
    ],
  ])('%j is refused', (environment, fault) => {
    expect(faultOf(environment)).toBe(fault);
  });
});

import { base64url, type JWTPayload, SignJWT } from 'jose';
import { JobTokens } from '../../src/auth/job-tokens.ts';
import { UserTokens } from '../../src/auth/user-tokens.ts';
import { NO_EVENTS } from '../support/events.ts';
import { NOON } from '../support/times.ts';

export const ISSUER = 'https://id.example.com/';
export const AUDIENCE = 'reelgate';
export const BOTH_SCOPES = 'video:generate video:read';
const SECRET = 'a secret of at least thirty-two bytes';

/** Seconds since the epoch at which the fake clock begins. */
export const START = NOON / 1000;

/** Settings of a gateway that accepts the tokens of `signToken`. */
export const SIGN_IN = { AUTH_JWT_SECRET: SECRET, AUTH_ISSUER: ISSUER, AUTH_AUDIENCE: AUDIENCE };

/** Checks tokens of `signToken`. */
export function userTokens(): UserTokens {
  return new UserTokens({
    key: { secret: SECRET },
    issuer: ISSUER,
    audience: AUDIENCE,
    ownerClaim: 'sub',
    now: () => NOON,
    events: NO_EVENTS,
  });
}

/** A token of Ada that is valid for an hour, with the given changes. */
export function signToken(change: object = {}, secret = SECRET): Promise<string> {
  const payload: JWTPayload = JSON.parse(JSON.stringify({ ...claims(), ...change }));
  return new SignJWT(payload).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(secret));
}

/** A token without a signature. */
export function unsignedToken(): string {
  return `${part({ alg: 'none', typ: 'JWT' })}.${part(claims())}.`;
}

function part(value: object): string {
  return base64url.encode(JSON.stringify(value));
}

function claims(): JWTPayload {
  return { sub: 'ada', iss: ISSUER, aud: AUDIENCE, exp: START + 3600, scope: BOTH_SCOPES };
}

/** Job tokens that are always signed with the same secret. */
export function jobTokensOf(secret = new Uint8Array(32)): JobTokens {
  return new JobTokens({
    current: async () => ({ id: 'test', secret }),
    find: async (id) => (id === 'test' ? secret : null),
  });
}

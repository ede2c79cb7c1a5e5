import { exportJWK, generateKeyPair, type JSONWebKeySet, type JWK, SignJWT } from 'jose';
import { UserTokens } from '../../src/auth/user-tokens.ts';
import type { EventEmitter } from '../../src/events/gateway-events.ts';
import { NO_EVENTS } from '../support/events.ts';
import { BOTH_SCOPES, START } from './tokens.ts';

/** A key of an issuer. */
export interface SigningKey {
  readonly jwk: JWK;
  /** A token of Ada that expires this many seconds after the start of the fake clock. */
  readonly sign: (seconds?: number) => Promise<string>;
}

export async function signingKey(kid: string): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' };
  const sign = (seconds = 60) =>
    new SignJWT({ sub: 'ada', scope: BOTH_SCOPES, exp: START + seconds })
      .setProtectedHeader({ alg: 'ES256', kid })
      .sign(privateKey);
  return { jwk, sign };
}

/** The keys do not come from there: it is part of a message. */
const KEYS_URL = 'https://issuer.example.com/keys';

/** Verifies tokens with the keys that `fetchKeys` returns. */
export function verifier(
  fetchKeys: () => Promise<JSONWebKeySet>,
  { now, events = NO_EVENTS }: { now: () => number; events?: EventEmitter },
): UserTokens {
  const checks = { issuer: null, audience: null, ownerClaim: 'sub' };
  return new UserTokens({ key: { fetchKeys, url: KEYS_URL }, ...checks, now, events });
}

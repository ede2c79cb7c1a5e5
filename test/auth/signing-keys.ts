import { exportJWK, generateKeyPair, type JSONWebKeySet, type JWK, SignJWT } from 'jose';
import type { FailedFetch } from '../../src/auth/remote-keys.ts';
import { UserTokens } from '../../src/auth/user-tokens.ts';
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

/** Verifies tokens with the keys that `fetchKeys` returns. */
export function verifier(
  fetchKeys: () => Promise<JSONWebKeySet>,
  { now, onFetchFailed = () => {} }: { now: () => number; onFetchFailed?: (failure: FailedFetch) => void },
): UserTokens {
  const checks = { issuer: null, audience: null, ownerClaim: 'sub' };
  return new UserTokens({ key: { fetchKeys }, ...checks, now, onFetchFailed });
}

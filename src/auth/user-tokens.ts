import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose';
import { ANONYMOUS, type Caller, isOwnerId, scopesOf } from '../domain/caller.ts';
import { AuthenticationError, INVALID_TOKEN } from './authentication-error.ts';
import { type FailedFetch, RemoteKeys } from './remote-keys.ts';
import { verifyJwt } from './verify-jwt.ts';

/** How users' JWTs are checked. */
export interface UserTokenOptions {
  /** The secret for HS256, or what fetches the set of public keys: see keyFetch. */
  readonly key: { readonly secret: string } | { readonly fetchKeys: () => Promise<JSONWebKeySet> };
  /** What `iss` and `aud` have to be; null: anything. */
  readonly issuer: string | null;
  readonly audience: string | null;
  /** The claim that names the owner. */
  readonly ownerClaim: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Told that the keys could not be fetched, at most once in ten seconds. */
  readonly onFetchFailed: (failure: FailedFetch) => void;
}

/** Signatures with a public key: a JWK set never has secrets, and so never lets HS through. */
const PUBLIC_KEY_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

/** Seconds by which the clocks of issuers may differ from this one. */
const CLOCK_SKEW_SECONDS = 30;

/** Tells callers by JWTs that somebody else issues to users. */
export class UserTokens {
  readonly #key: Uint8Array | JWTVerifyGetKey;
  /** Null with a secret. */
  readonly #remoteKeys: RemoteKeys | null;
  readonly #checks: Parameters<typeof verifyJwt>[2];
  readonly #ownerClaim: string;
  readonly #now: () => number;

  constructor({ key, issuer, audience, ownerClaim, now, onFetchFailed }: UserTokenOptions) {
    if ('secret' in key) {
      this.#key = new TextEncoder().encode(key.secret);
      this.#remoteKeys = null;
    } else {
      this.#remoteKeys = new RemoteKeys({ fetch: key.fetchKeys, now, onFailure: onFetchFailed });
      this.#key = this.#remoteKeys.find;
    }
    this.#checks = {
      clockTolerance: CLOCK_SKEW_SECONDS,
      algorithms: 'secret' in key ? ['HS256'] : PUBLIC_KEY_ALGORITHMS,
      ...(issuer === null ? {} : { issuer }),
      ...(audience === null ? {} : { audience }),
    };
    this.#ownerClaim = ownerClaim;
    this.#now = now;
  }

  /** Whether a key may be withdrawn while the gateway runs. */
  get hasRemoteKeys(): boolean {
    return this.#remoteKeys !== null;
  }

  /** Fetches the public keys, so that the first callers need not wait. Failures go to `onFetchFailed`. */
  async fetchKeys(): Promise<void> {
    await this.#remoteKeys?.refresh();
  }

  /** @throws as verifyJwt; AuthenticationError too when it names no owner */
  async verify(token: string): Promise<Caller> {
    const { payload, expiresAt } = await verifyJwt(token, this.#key, this.#checks, this.#now());
    const ownerId = payload[this.#ownerClaim];
    // What was made before there was sign-in is nobody's by a name that one may be able to choose.
    if (!isOwnerId(ownerId) || ownerId === ANONYMOUS.ownerId) throw new AuthenticationError(INVALID_TOKEN);
    return {
      ownerId,
      scopes: scopesOf([...words(payload['scope']), ...words(payload['scp'])]),
      jobId: null,
      expiresAt,
    };
  }
}

/** `scope` is a text with blanks in between (RFC 8693), `scp` of some issuers is that or a list. */
function words(claim: unknown): readonly unknown[] {
  if (typeof claim === 'string') return claim.split(' ');
  return Array.isArray(claim) ? claim : [];
}

import type { JWTVerifyGetKey } from 'jose';
import { ANONYMOUS, type Caller, isOwnerId, scopesOf } from '../domain/caller.ts';
import type { EventEmitter } from '../events/gateway-events.ts';
import { AuthenticationError, INVALID_TOKEN } from './authentication-error.ts';
import { RemoteKeys, type RemoteKeysOptions } from './remote-keys.ts';
import { verifyJwt } from './verify-jwt.ts';

/** How user JWTs are checked. */
export interface UserTokenOptions {
  /** The secret for HS256, or the function that fetches the set of public keys, see createKeyFetcher. */
  readonly key: { readonly secret: string } | Pick<RemoteKeysOptions, 'fetchKeys' | 'url'>;
  /** Required values of `iss` and `aud`; null: any. */
  readonly issuer: string | null;
  readonly audience: string | null;
  /** The claim that names the owner. */
  readonly ownerClaim: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly events: EventEmitter;
}

/** Algorithms with a public key only: a JWK set has no secrets, so HS256 is not accepted. */
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

/** Seconds by which an issuer's clock may differ from this one. */
const CLOCK_SKEW_SECONDS = 30;

/** Verifies the JWTs of an identity provider. */
export class UserTokens {
  readonly #key: Uint8Array | JWTVerifyGetKey;
  /** Null with a secret. */
  readonly #remoteKeys: RemoteKeys | null;
  readonly #checks: Parameters<typeof verifyJwt>[2];
  readonly #ownerClaim: string;
  readonly #now: () => number;

  constructor({ key, issuer, audience, ownerClaim, now, events }: UserTokenOptions) {
    if ('secret' in key) {
      this.#key = new TextEncoder().encode(key.secret);
      this.#remoteKeys = null;
    } else {
      this.#remoteKeys = new RemoteKeys({ ...key, now, events });
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

  /** Fetches the public keys in advance. A failure is emitted as a fault. */
  async fetchKeys(): Promise<void> {
    await this.#remoteKeys?.refresh();
  }

  /** @throws as verifyJwt; AuthenticationError also when the token has no owner */
  async verify(token: string): Promise<Caller> {
    const { payload, expiresAt } = await verifyJwt(token, this.#key, this.#checks, this.#now());
    const ownerId = payload[this.#ownerClaim];
    // Jobs that were created without sign-in belong to the owner `anonymous`, and some issuers let users choose this claim.
    if (!isOwnerId(ownerId) || ownerId === ANONYMOUS.ownerId) throw new AuthenticationError(INVALID_TOKEN);
    return {
      ownerId,
      scopes: scopesOf([...words(payload['scope']), ...words(payload['scp'])]),
      jobId: null,
      expiresAt,
    };
  }
}

/** `scope` is a list separated by spaces (RFC 8693); `scp` of some issuers is that or a JSON list. */
function words(claim: unknown): readonly unknown[] {
  if (typeof claim === 'string') return claim.split(' ');
  return Array.isArray(claim) ? claim : [];
}

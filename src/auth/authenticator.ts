import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { ANONYMOUS, type Caller } from '../domain/caller.ts';
import { emitFault } from '../events/emit-fault.ts';
import type { EventEmitter } from '../events/gateway-events.ts';
import type { ApiKeys } from './api-keys.ts';
import { AuthenticationError, AuthUnavailableError, INVALID_TOKEN } from './authentication-error.ts';
import { JobTokens } from './job-tokens.ts';
import type { UserTokens } from './user-tokens.ts';

/** Options of the authenticator. With neither user tokens nor API keys every caller is the owner `anonymous`. */
export interface AuthenticatorOptions {
  readonly userTokens: UserTokens | null;
  readonly apiKeys: ApiKeys | null;
  readonly jobTokens: JobTokens;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly events: EventEmitter;
}

/** A token is at most as long as a header may be. */
const MAX_TOKEN_LENGTH = 8192;

/** Authenticates tokens, by the same rules on every transport. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #cache = new TokenCache();

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /** Whether callers need a token. */
  get required(): boolean {
    return this.#options.userTokens !== null || this.#options.apiKeys !== null;
  }

  /**
   * @param token null when none was sent
   * @throws AuthenticationError when the token is missing or not valid; AuthUnavailableError when it cannot be checked
   */
  async authenticate(token: string | null): Promise<Caller> {
    const { userTokens, apiKeys, jobTokens, now } = this.#options;
    // A job token restricts its bearer also when sign-in is off.
    if (token !== null && JobTokens.isJobToken(token)) {
      const at = now();
      return this.#cache.callerOf(token, at, async () =>
        this.#withdrawable(token, await jobTokens.verify(token, at)),
      );
    }
    if (!this.required) return ANONYMOUS;
    if (token === null)
      throw new AuthenticationError('A token is required: send the header authorization: Bearer <token>.');
    if (token.length > MAX_TOKEN_LENGTH) throw new AuthenticationError(INVALID_TOKEN);
    const known = apiKeys?.find(token);
    if (known != null) return known;
    if (userTokens === null) throw new AuthenticationError(INVALID_TOKEN);
    try {
      return await this.#cache.callerOf(token, now(), async () => {
        const caller = await userTokens.verify(token);
        return userTokens.hasRemoteKeys ? this.#withdrawable(token, caller) : caller;
      });
    } catch (error) {
      if (error instanceof AuthUnavailableError)
        emitFault(this.#options.events, 'auth', 'warn', 'callers’ tokens cannot be checked', { err: error });
      throw error;
    }
  }

  #withdrawable(token: string, caller: Caller): Caller {
    const isStillValid = async () => {
      try {
        await this.authenticate(token);
        return true;
      } catch (error) {
        return !(error instanceof AuthenticationError);
      }
    };
    return { ...caller, isStillValid };
  }
}

/** Milliseconds for which a valid token is not verified again. A withdrawn key is accepted for that much longer. */
const CACHED_MS = 60_000;
const MAX_CACHED_TOKENS = 10_000;

interface CachedToken {
  readonly caller: Caller;
  /** Epoch milliseconds. */
  readonly from: number;
  readonly until: number;
}

/**
 * Cache of verified tokens. Verifying a signature takes several times as long as answering a query, and a frontend sends the same
 * token with each. Tokens are stored by their hashes only, and never after they expire.
 */
export class TokenCache {
  readonly #tokens = new LRUCache<string, CachedToken>({ max: MAX_CACHED_TOKENS });

  /**
   * @param now epoch milliseconds
   * @param verify checks a token; its exceptions are not cached
   */
  async callerOf(token: string, now: number, verify: () => Promise<Caller>): Promise<Caller> {
    const key = hash('sha256', token, 'base64url');
    const known = this.#tokens.get(key);
    // An entry must not last longer when the clock is set back.
    if (known !== undefined && now >= known.from && now < known.until) return known.caller;
    const caller = await verify();
    const until = Math.min(now + CACHED_MS, caller.expiresAt ?? Infinity);
    this.#tokens.set(key, { caller, from: now, until });
    return caller;
  }
}

import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';

/**
 * Milliseconds for which a set is used after its fetch began. A token that was found good is remembered for another
 * minute, so a key that the issuer withdraws is refused after five minutes at the latest.
 */
const MAX_AGE_MS = 4 * 60_000;
/** Milliseconds after which a set is fetched anew beside the requests that use it: an outage of three minutes goes unnoticed. */
const REFRESH_AGE_MS = 60_000;
/** Milliseconds from one fetch to the next: tokens with unknown keys must not make a flood of them. */
const FETCH_PAUSE_MS = 10_000;

/** A fetch of a JWK set that failed. */
export interface FailedFetch {
  readonly error: unknown;
  /** Milliseconds for which the last set is still used; 0 when there is none, or it is too old. */
  readonly usableMs: number;
}

/** What a remote JWK set works with. */
export interface RemoteKeysOptions {
  readonly fetch: () => Promise<JSONWebKeySet>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly onFailure: (failure: FailedFetch) => void;
}

type KeySet = ReturnType<typeof createLocalJWKSet>;

/**
 * The keys of a JWK set at a URL. A set that is too old is fetched anew before it is used, and when that fails no token is
 * accepted: the last set may have a key that the issuer has withdrawn because it leaked.
 */
export class RemoteKeys {
  readonly #options: RemoteKeysOptions;
  #keys: KeySet | null = null;
  /** When the fetch of the set began. */
  #keysAt = -Infinity;
  /** When the last fetch began. */
  #fetchedAt = -Infinity;
  #pending: Promise<KeySet> | null = null;
  /** Why the last fetch failed; null when it did not. */
  #failure: Error | null = null;

  constructor(options: RemoteKeysOptions) {
    this.#options = options;
  }

  /** Fetches the set, unless that was done a moment ago. Failures go to `onFailure`. */
  async refresh(): Promise<void> {
    try {
      if (!this.#mustWait) await this.#fetch();
    } catch {
      // Told already.
    }
  }

  /** Finds the key of a token. @throws Error when the set cannot be fetched; JWKSNoMatchingKey when it has no such key */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const keys = await this.#usableKeys();
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      // It may be a new key of the issuer's. Within the pause the answer of the last fetch holds.
      if (this.#mustWait && this.#failure === null) throw error;
      const newer = await this.#fetch();
      return newer(header, token);
    }
  };

  async #usableKeys(): Promise<KeySet> {
    if (this.#keys === null || this.#ageMs >= MAX_AGE_MS) return this.#fetch();
    if (this.#ageMs >= REFRESH_AGE_MS) void this.refresh();
    return this.#keys;
  }

  /** Infinite when the clock was set back: nothing lasts longer for that. */
  get #ageMs(): number {
    const ageMs = this.#options.now() - this.#keysAt;
    return ageMs < 0 ? Infinity : ageMs;
  }

  /** Whether the last fetch is over and began too short a time ago for another one. */
  get #mustWait(): boolean {
    const sinceMs = this.#options.now() - this.#fetchedAt;
    return this.#pending === null && sinceMs >= 0 && sinceMs < FETCH_PAUSE_MS;
  }

  /** Joins the fetch in progress. @throws the reason of the last failure while the next fetch has to wait */
  #fetch(): Promise<KeySet> {
    if (this.#mustWait) return Promise.reject(this.#failure ?? new Error('The JWK set is too old.'));
    this.#pending ??= this.#fetchNow().finally(() => {
      this.#pending = null;
    });
    return this.#pending;
  }

  async #fetchNow(): Promise<KeySet> {
    const { fetch, now, onFailure } = this.#options;
    // A key that is withdrawn during the fetch may still be in the answer.
    const fetchedAt = now();
    this.#fetchedAt = fetchedAt;
    try {
      const keys = createLocalJWKSet(await fetch());
      this.#keys = keys;
      this.#keysAt = fetchedAt;
      this.#failure = null;
      return keys;
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      onFailure({ error, usableMs: Math.max(0, MAX_AGE_MS - this.#ageMs) });
      throw this.#failure;
    }
  }
}

import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { EnvHttpProxyAgent, fetch } from 'undici';
import type { ProxySettings } from '../config/proxy.ts';
import { emitFault } from '../events/emit-fault.ts';
import type { EventEmitter } from '../events/gateway-events.ts';

/**
 * Milliseconds for which a set is used after its fetch began. A valid token is cached for another minute, so a withdrawn key is
 * refused after five minutes at the latest.
 */
const MAX_AGE_MS = 4 * 60_000;
/** Milliseconds after which a set is refreshed in the background: an outage of three minutes goes unnoticed. */
const REFRESH_AGE_MS = 60_000;
/** Milliseconds between fetches: tokens with unknown keys must not cause many fetches. */
const FETCH_PAUSE_MS = 10_000;

/** Options of a remote JWK set. */
export interface RemoteKeysOptions {
  readonly fetchKeys: () => Promise<JSONWebKeySet>;
  /** Where `fetchKeys` fetches the set. */
  readonly url: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly events: EventEmitter;
}

type KeySet = ReturnType<typeof createLocalJWKSet>;

/**
 * The keys of a JWK set at a URL. A set that is too old is fetched again before it is used. When that fails, no token is accepted:
 * the old set may have a leaked key that the issuer has withdrawn.
 */
export class RemoteKeys {
  readonly #options: RemoteKeysOptions;
  #keys: KeySet | null = null;
  /** When the fetch of the set began. */
  #keysAt = -Infinity;
  /** When the last fetch began. */
  #fetchedAt = -Infinity;
  #pending: Promise<KeySet> | null = null;
  /** Why the last fetch failed; null when it succeeded. */
  #failure: Error | null = null;

  constructor(options: RemoteKeysOptions) {
    this.#options = options;
  }

  /** Fetches the set, unless it was just fetched. A failure is emitted as a fault. */
  async refresh(): Promise<void> {
    try {
      if (!this.#mustWait) await this.#fetch();
    } catch {
      // Reported already.
    }
  }

  /** Finds the key of a token. @throws Error when the set cannot be fetched; JWKSNoMatchingKey when it has no such key */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const keys = await this.#usableKeys();
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      // It may be a new key of the issuer. Until the next fetch is allowed, the last set counts.
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

  /** Age of the set; infinite when the clock was set back. */
  get #ageMs(): number {
    const ageMs = this.#options.now() - this.#keysAt;
    return ageMs < 0 ? Infinity : ageMs;
  }

  /** Whether the last fetch is done and too recent for another one. */
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
    const { fetchKeys, now } = this.#options;
    // A key that is withdrawn during the fetch may still be in the answer.
    const fetchedAt = now();
    this.#fetchedAt = fetchedAt;
    try {
      const keys = createLocalJWKSet(await fetchKeys());
      this.#keys = keys;
      this.#keysAt = fetchedAt;
      this.#failure = null;
      return keys;
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      this.#emitFailure(error);
      throw this.#failure;
    }
  }

  #emitFailure(error: unknown): void {
    const { url, events } = this.#options;
    const { origin, pathname } = new URL(url);
    const effect =
      this.#ageMs >= MAX_AGE_MS
        ? 'callers with a JWT get AUTH_UNAVAILABLE until it can be'
        : 'the last keys are used until they are four minutes old';
    const message = `AUTH_JWKS_URL ${origin}${pathname} cannot be fetched (${reasonOf(error)}); ${effect}. Check the URL, and that this machine can reach it: DNS, firewall, certificates, HTTPS_PROXY`;
    emitFault(events, 'auth', 'warn', message, { err: error });
  }
}

/** undici reports the reason of a failed fetch as the cause of its error. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return 'code' in cause ? `${error.message}: ${String(cause.code)} ${cause.message}` : cause.message;
}

/** Milliseconds for one fetch, from the connection to the end of the answer. */
const DEADLINE_MS = 5000;
/** Largest answer, in bytes. A set of a few keys has a few kB; with certificates, tens of kB. */
const MAX_BYTES = 256 * 1024;

/**
 * Creates the function that fetches a JWK set, through a proxy if there is one. It follows no redirects and does not keep the
 * process alive. It rejects for a status other than 200, a timeout, and a body that is too long or not JSON.
 */
export function createKeyFetcher(url: string, proxy: ProxySettings | null): () => Promise<JSONWebKeySet> {
  const dispatcher =
    proxy === null ? null : new EnvHttpProxyAgent({ ...proxy, allowH2: false, proxyTunnel: true });
  return async () => {
    const { status, body } = await fetch(url, {
      ...(dispatcher === null ? {} : { dispatcher }),
      signal: AbortSignal.timeout(DEADLINE_MS),
      redirect: 'manual',
      // A cache in between could return a key that its issuer has withdrawn.
      headers: { accept: 'application/jwk-set+json, application/json', 'cache-control': 'no-cache' },
    });
    if (status === 200) return parse(await readText(body));
    await body?.cancel();
    throw new Error(`the answer has status ${status}, not 200`);
  };
}

function parse(text: string): JSONWebKeySet {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('the answer is not JSON');
  }
}

async function readText(body: AsyncIterable<Uint8Array> | null): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.length;
    // Leaving the loop cancels the rest.
    if (length > MAX_BYTES) throw new Error(`the answer is longer than ${MAX_BYTES / 1024} KiB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

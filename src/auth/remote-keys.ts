import { createRemoteJWKSet, customFetch, type FetchImplementation, type JWTVerifyGetKey } from 'jose';

/** Milliseconds after which the set is fetched anew, beside the requests that use it. */
const REFRESH_MS = 5 * 60 * 1000;
/** Milliseconds for one fetch, and between two for keys that are not in the set. */
const TIMING = { timeoutDuration: 5000, cooldownDuration: 5000, cacheMaxAge: Infinity };

/**
 * The keys of a JWK set, fetched at first use, every few minutes, and for a key that is new. When the issuer can't be
 * reached the last set holds: its outage is none of those who have signed in.
 *
 * @param now epoch milliseconds
 * @param onStale told that the set could not be fetched anew
 * @param fetchKeys see keyFetch
 */
export function remoteKeys(
  url: URL,
  now: () => number,
  onStale: (error: unknown) => void,
  fetchKeys: FetchImplementation = fetch,
): JWTVerifyGetKey {
  const keys = createRemoteJWKSet(url, { ...TIMING, [customFetch]: fetchKeys });
  let refreshedAt = now();
  return (header, token) => {
    if (keys.jwks() !== undefined && now() >= refreshedAt + REFRESH_MS) {
      refreshedAt = now();
      // Tried again later; meanwhile what is known is as good as before.
      keys.reload().catch(onStale);
    }
    return keys(header, token);
  };
}

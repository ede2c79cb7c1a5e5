import type { JSONWebKeySet } from 'jose';
import { EnvHttpProxyAgent, fetch } from 'undici';

/** The proxies through which keys are fetched; empty: none. */
type ProxySettings = Required<Pick<EnvHttpProxyAgent.Options, 'httpProxy' | 'httpsProxy' | 'noProxy'>>;

/** Milliseconds for one fetch, from the connection to the end of the answer. */
const DEADLINE_MS = 5000;
/** Largest answer, in bytes. A set of a few keys has a few kB; with certificates, tens of kB. */
const MAX_BYTES = 256 * 1024;

/**
 * Creates the function that fetches a JWK set, through a proxy if there is one. It follows no redirects and does not keep the
 * process alive. It rejects for a status other than 200, a timeout, and a body that is too long or not JSON.
 */
export function keyFetch(url: string, proxy: ProxySettings | null): () => Promise<JSONWebKeySet> {
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

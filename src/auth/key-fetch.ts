import type { FetchImplementation } from 'jose';
import { EnvHttpProxyAgent, fetch, type Response as UndiciResponse } from 'undici';

/** Which proxies the keys are fetched through; an empty text means none. */
type ProxySettings = Required<Pick<EnvHttpProxyAgent.Options, 'httpProxy' | 'httpsProxy' | 'noProxy'>>;

/** The fetch for a JWK set, through a proxy if there is one. Its agent keeps no process alive. */
export function keyFetch(proxy: ProxySettings | null): FetchImplementation {
  if (proxy === null) return globalThis.fetch;
  const dispatcher = new EnvHttpProxyAgent({ ...proxy, allowH2: false, proxyTunnel: true });
  return async (url, { method, headers, redirect, signal }) => {
    const answer = await fetch(url, { method, headers: [...headers], redirect, signal, dispatcher });
    const { status, statusText } = answer;
    return new Response(streamOf(answer), { status, statusText, headers: [...answer.headers] });
  };
}

/** The body as the global fetch gives it, another class than undici's. */
function streamOf({ body }: UndiciResponse): ReadableStream<Uint8Array<ArrayBuffer>> | null {
  const chunks = body?.values();
  if (chunks === undefined) return null;
  return new ReadableStream({
    pull: async (stream) => {
      const { done, value } = await chunks.next();
      if (done === true) stream.close();
      else stream.enqueue(value);
    },
    cancel: async () => {
      await chunks.return?.();
    },
  });
}

import { buildConnector, EnvHttpProxyAgent, Pool } from 'undici';
import { skipContinue } from './skip-continue.ts';

/** Which proxies outgoing calls use; an empty text means none. `noProxy` lists hosts that are called directly. */
export type ProxySettings = Required<Pick<EnvHttpProxyAgent.Options, 'httpProxy' | 'httpsProxy' | 'noProxy'>>;

/** How an agent connects. */
export interface AgentOptions {
  readonly proxy: ProxySettings | null;
  /** Ends connections that are being made. */
  readonly signal: AbortSignal;
  /** 0: each request gets a fresh connection. @default 1 */
  readonly pipelining?: number;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** Given explicitly, so that undici does not read the environment itself. */
const DIRECT: ProxySettings = { httpProxy: '', httpsProxy: '', noProxy: '' };

/**
 * Makes an agent that connects directly or by a proxy. By a proxy every request, plain http included, goes through a
 * tunnel (CONNECT): so a request is written only once there is a connection to the upstream itself, on a connection
 * that is as fresh as a direct one. Until then a refusal of the proxy (407, 502) is known to have sent nothing.
 */
export function createAgent({ proxy, signal, pipelining = 1 }: AgentOptions): EnvHttpProxyAgent {
  // HTTP/1.1 only: over HTTP/2 undici shares one connection among all calls and repeats some requests by itself.
  const tls = { allowH2: false, timeout: CONNECT_TIMEOUT_MS, signal };
  return new EnvHttpProxyAgent({
    ...(proxy ?? DIRECT),
    allowH2: false,
    pipelining,
    connect: buildConnector(tls),
    requestTls: tls,
    proxyTls: tls,
    proxyTunnel: true,
    // The proxy has as long to answer CONNECT as a host to accept a connection.
    clientFactory: (origin, options) =>
      new Pool(origin, { ...options, headersTimeout: CONNECT_TIMEOUT_MS, bodyTimeout: CONNECT_TIMEOUT_MS }),
    factory: (origin, options: Pool.Options) => new Pool(origin, withoutContinue(options)),
  });
}

/** The same for direct connections and for tunnels. */
function withoutContinue(options: Pool.Options): Pool.Options {
  const { connect } = options;
  if (typeof connect !== 'function') return options;
  return {
    ...options,
    connect: (target, callback) =>
      connect(target, (...outcome) => {
        // On an error undici gives no second argument, though its types say null.
        if (outcome[1]) skipContinue(outcome[1]);
        callback(...outcome);
      }),
  };
}

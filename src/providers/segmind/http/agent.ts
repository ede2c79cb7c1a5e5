import { type LookupFunction, Socket } from 'node:net';
import { buildConnector, EnvHttpProxyAgent, Pool } from 'undici';

/** Which proxies outgoing calls use; an empty text means none. `noProxy` lists hosts that are called directly. */
export type ProxySettings = Required<Pick<EnvHttpProxyAgent.Options, 'httpProxy' | 'httpsProxy' | 'noProxy'>>;

/** How an agent connects. */
export interface AgentOptions {
  readonly proxy: ProxySettings | null;
  /** Ends connections, also those that are being opened. */
  readonly signal: AbortSignal;
  /** 0: each request gets a new connection. @default 1 */
  readonly pipelining?: number;
  /** Connections to one host at a time. @default no limit */
  readonly connections?: number | undefined;
  /** Resolves the names of hosts that are connected directly. @default that of the system */
  readonly lookup?: LookupFunction;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** Set explicitly, because undici reads the environment otherwise. */
const DIRECT: ProxySettings = { httpProxy: '', httpsProxy: '', noProxy: '' };

/**
 * Creates an agent that connects directly or through a proxy. Every request through a proxy, plain http included, uses a
 * tunnel (CONNECT). So a request is written only after the connection to the upstream itself is open, and a refusal of the
 * proxy (407, 502) is known to have sent nothing.
 */
export function createAgent({
  proxy,
  signal,
  pipelining = 1,
  connections,
  lookup,
}: AgentOptions): EnvHttpProxyAgent {
  // HTTP/1.1 only: with HTTP/2 undici shares one connection among all calls and repeats some requests by itself.
  const tls = { allowH2: false, timeout: CONNECT_TIMEOUT_MS };
  return new EnvHttpProxyAgent({
    ...(proxy ?? DIRECT),
    allowH2: false,
    pipelining,
    ...(connections === undefined ? {} : { connections }),
    connect: abortable(buildConnector(lookup === undefined ? tls : { ...tls, lookup }), signal),
    requestTls: tls,
    proxyTls: tls,
    proxyTunnel: true,
    // The timeout for the proxy's answer to CONNECT equals the one for a direct connection.
    clientFactory: (origin, { connect, ...options }: Pool.Options) =>
      new Pool(origin, {
        ...options,
        ...(typeof connect === 'function' ? { connect: abortable(connect, signal) } : {}),
        headersTimeout: CONNECT_TIMEOUT_MS,
        bodyTimeout: CONNECT_TIMEOUT_MS,
      }),
    factory: (origin, options: Pool.Options) => new Pool(origin, skippingContinue(options)),
  });
}

/** Ends connections when the signal aborts. Node's own option `signal` keeps each socket in memory until then, also closed ones. */
function abortable(connect: buildConnector.connector, signal: AbortSignal): buildConnector.connector {
  return (target, callback) => {
    // undici's connector returns the socket, although its type does not say so.
    const socket: unknown = connect(target, callback);
    if (!(socket instanceof Socket)) return;
    const abort = () => socket.destroy(signal.reason);
    signal.addEventListener('abort', abort);
    socket.once('close', () => signal.removeEventListener('abort', abort));
    if (signal.aborted) abort();
  };
}

/** Covers direct connections and tunnels. */
function skippingContinue(options: Pool.Options): Pool.Options {
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

const CONTINUE = /^HTTP\/1\.[01] 100[ \r]/;
const CONTINUE_LENGTH = 13;
const NO_BYTES = Buffer.alloc(0);
const END_OF_HEADERS = '\r\n\r\n';
/** Bytes of a `100 Continue` at most; a longer one is passed on. */
const MAX_HEAD = 16 * 1024;

/**
 * Removes every `100 Continue` from the bytes that are read from a socket. An upstream may send it unasked (RFC 9110, 15.2.1).
 * undici would destroy the connection, which looks like a lost answer. Only the first bytes after each request are examined.
 */
function skipContinue(socket: Socket): void {
  const read = socket.read.bind(socket);
  /** `bytesWritten` when the start of the latest answer was passed on. */
  let answeredAt = 0;
  let pending: Buffer = NO_BYTES;
  socket.read = (size?: number): unknown => {
    for (;;) {
      const chunk: unknown = read(size);
      if (!Buffer.isBuffer(chunk) || socket.bytesWritten === answeredAt) return chunk;
      pending = withoutContinue(pending.length === 0 ? chunk : Buffer.concat([pending, chunk]));
      if (mayBecomeContinue(pending)) continue;
      answeredAt = socket.bytesWritten;
      const passed = pending;
      pending = NO_BYTES;
      return passed;
    }
  };
}

function withoutContinue(bytes: Buffer): Buffer {
  let rest = bytes;
  while (isContinue(rest)) {
    const end = rest.indexOf(END_OF_HEADERS);
    if (end === -1) break;
    rest = rest.subarray(end + END_OF_HEADERS.length);
  }
  return rest;
}

function isContinue(bytes: Buffer): boolean {
  return CONTINUE.test(bytes.toString('latin1', 0, CONTINUE_LENGTH));
}

/** Whether the bytes are the start of a `100 Continue`; no bytes count too. */
function mayBecomeContinue(bytes: Buffer): boolean {
  if (isContinue(bytes)) return bytes.length < MAX_HEAD;
  const start = bytes.toString('latin1', 0, CONTINUE_LENGTH);
  return (
    bytes.length < CONTINUE_LENGTH &&
    ['HTTP/1.1 100 ', 'HTTP/1.0 100 '].some((head) => head.startsWith(start))
  );
}

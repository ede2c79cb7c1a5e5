import type { IncomingMessage, IncomingHttpHeaders } from 'node:http';
import { isIPv4, type Socket } from 'node:net';
import ipaddr from 'ipaddr.js';
import { memoizeLast } from '../memoize-last.ts';

/** The parts of a request that are read; for a WebSocket, of its upgrade. */
export type AddressedRequest = Pick<IncomingMessage, 'headers' | 'socket'>;

/** How clients reach the gateway. */
export interface PublicUrlOptions {
  /** Without a slash at its end, such as `https://example.com/reelgate`; null: taken from each request. */
  readonly publicUrl: string | null;
  /** The proxies whose `Forwarded` and `X-Forwarded-*` headers are used, in CIDR notation. */
  readonly trustProxy: readonly string[];
}

/**
 * The URL that clients use for the gateway: the configured one, else the one that a trusted proxy forwards, else the request's
 * Host.
 */
export class PublicUrl {
  readonly #url: URL | null;
  readonly #prefix: string | null;
  readonly #proxies: TrustedProxies;

  constructor({ publicUrl, trustProxy }: PublicUrlOptions) {
    this.#url = publicUrl === null ? null : new URL(publicUrl);
    this.#prefix = this.#url?.pathname.replace(/\/$/, '') ?? null;
    this.#proxies = new TrustedProxies(trustProxy);
  }

  /** The gateway's own URL for the client of a request, without a slash at its end: `https://example.com/reelgate`. */
  baseUrlOf(request: AddressedRequest): string {
    return this.#originOf(request) + this.prefixOf(request);
  }

  /** The path below which clients find the gateway, such as `/reelgate`; empty for none. */
  prefixOf(request: AddressedRequest): string {
    return this.#prefix ?? this.#forwarded(request).prefix ?? '';
  }

  /** The host that a trusted proxy forwards; null: none. */
  forwardedHostOf(request: AddressedRequest): string | null {
    return this.#forwarded(request).host;
  }

  /** Whether an origin is the gateway's own for the client of a request. */
  isOwnOrigin(origin: URL, request: AddressedRequest): boolean {
    // URL writes the origins of all other schemes as `null`.
    if (!isWebOrigin(origin)) return false;
    if (origin.origin === this.#url?.origin) return true;
    const forwarded = this.#forwarded(request);
    // A proxy may use https to clients and http to the gateway: without a forwarded scheme, that of the page is used.
    const protocol = forwarded.protocol ?? origin.protocol;
    const hosts = [withPort(forwarded.host ?? request.headers.host, forwarded.port), request.headers.host];
    return hosts.some((host) => originWith(protocol, host) === origin.origin);
  }

  #originOf(request: AddressedRequest): string {
    if (this.#url !== null) return this.#url.origin;
    const { origin = '' } = request.headers;
    const page = URL.parse(origin);
    if (page !== null && this.isOwnOrigin(page, request)) return page.origin;
    const { protocol, host, port } = this.#forwarded(request);
    const asked = withPort(host ?? request.headers.host, port);
    return originWith(protocol ?? 'http:', asked) ?? originOfSocket(request);
  }

  #forwarded({ headers, socket }: AddressedRequest): Forwarded {
    return this.#proxies.trusts(socket) ? forwardedOf(headers) : NOT_FORWARDED;
  }
}

/** Whether an origin is that of a website, not that of an app or a browser extension. */
export function isWebOrigin({ protocol }: URL): boolean {
  return protocol === 'http:' || protocol === 'https:';
}

/** Adds a port to a host that has none. */
function withPort(host: string | undefined, port: string | null): string | undefined {
  return host === undefined || port === null || /:\d+$/.test(host) ? host : `${host}:${port}`;
}

/** An origin as a browser writes it: in lower case, without a default port. */
function originWith(protocol: string, host: string | undefined): string | null {
  return host === undefined || !isHost(host) ? null : originOf(`${protocol}//${host}`);
}

const originOf = memoizeLast((url) => URL.parse(url)?.origin ?? null);

/** The origin of a request without a Host, which HTTP/1.0 allows. */
function originOfSocket({ socket }: AddressedRequest): string {
  const { localAddress = 'localhost', localPort, localFamily } = socket;
  return `http://${localFamily === 'IPv6' ? `[${localAddress}]` : localAddress}:${localPort ?? 80}`;
}

/** Whether a page at this URL is a secure context. Elsewhere browsers ignore some headers and warn in their console. */
export function isSecureContext(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  if (protocol === 'https:') return true;
  if (hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]') return true;
  return isIPv4(hostname) && hostname.startsWith('127.');
}

/** Removes the prefix of PUBLIC_URL from the request's URL, unless a proxy has done so. */
export function removePrefix(request: IncomingMessage, prefix: string): void {
  if (prefix !== '' && request.url?.startsWith(`${prefix}/`) === true)
    request.url = request.url.slice(prefix.length);
}

/** The client's request as proxies describe it; null: missing or malformed. */
export interface Forwarded {
  readonly protocol: 'http:' | 'https:' | null;
  /** Without a default port, such as `example.com:8443`. */
  readonly host: string | null;
  readonly port: string | null;
  /** Empty, or with a slash at its start and none at its end. */
  readonly prefix: string | null;
}

const NOT_FORWARDED: Forwarded = { protocol: null, host: null, port: null, prefix: null };

/**
 * Reads the headers of a trusted proxy. With several proxies in a chain the first value is the client's.
 * `X-Forwarded-*` wins over `Forwarded`: most proxies write the former and pass on the client's own `Forwarded`.
 */
function forwardedOf(headers: IncomingHttpHeaders): Forwarded {
  const standard = forwardedPairs(headers.forwarded);
  const protocol = first(headers['x-forwarded-proto']) ?? standard.get('proto');
  const host = first(headers['x-forwarded-host']) ?? standard.get('host');
  const port = first(headers['x-forwarded-port']);
  const prefix = first(headers['x-forwarded-prefix'])?.replace(/\/$/, '');
  return {
    protocol: PROTOCOLS[protocol?.toLowerCase() ?? ''] ?? null,
    host: host !== undefined && isHost(host) ? host : null,
    port: port !== undefined && /^\d{1,5}$/.test(port) && Number(port) <= 65_535 ? port : null,
    prefix: prefix !== undefined && PREFIX.test(prefix) ? prefix : null,
  };
}

/** Traefik writes `ws` and `wss` for WebSockets. */
const PROTOCOLS: Readonly<Record<string, Forwarded['protocol']>> = {
  http: 'http:',
  https: 'https:',
  ws: 'http:',
  wss: 'https:',
};

/** Segments of the characters that RFC 3986 allows in a path. */
const PREFIX = /^(?:\/[\w.~!$&'()*+,;=:@%-]+)*$/;

/** Whether a text is a host with or without a port, and nothing else of a URL. */
const isHost = memoizeLast(
  (text: string): boolean =>
    /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/i.test(text) && URL.canParse(`http://${text}`),
);

function first(header: string | string[] | undefined): string | undefined {
  return header?.toString().split(',', 1)[0]?.trim() || undefined;
}

/** The parameters of the first element (RFC 7239). */
function forwardedPairs(header: string | undefined): Map<string, string> {
  const pairs = (first(header) ?? '').split(';').map((pair) => pair.split('=', 2));
  return new Map(
    pairs.map(([name = '', value = '']) => [
      name.trim().toLowerCase(),
      value.trim().replace(/^"(.*)"$/, '$1'),
    ]),
  );
}

/** The proxies whose `Forwarded` and `X-Forwarded-*` headers are used. */
class TrustedProxies {
  readonly #ranges: readonly (readonly [ipaddr.IPv4 | ipaddr.IPv6, number])[];

  /** @param ranges in CIDR notation */
  constructor(ranges: readonly string[]) {
    this.#ranges = ranges.map((range) => ipaddr.parseCIDR(range));
  }

  /** Whether the peer of a connection is a trusted proxy. Reading its address is a system call: without proxies it is not read. */
  trusts(socket: Pick<Socket, 'remoteAddress'>): boolean {
    if (this.#ranges.length === 0) return false;
    const { remoteAddress } = socket;
    return remoteAddress !== undefined && this.#isInRange(remoteAddress);
  }

  readonly #isInRange = memoizeLast((text: string) => {
    if (!ipaddr.isValid(text)) return false;
    // A socket that listens on :: shows IPv4 addresses as ::ffff:192.0.2.1.
    const address = ipaddr.process(text);
    return this.#ranges.some(
      ([range, bits]) => range.kind() === address.kind() && address.match(range, bits),
    );
  });
}

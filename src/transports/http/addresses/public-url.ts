import type { IncomingMessage } from 'node:http';
import { type Forwarded, forwardedOf, isHost, NOT_FORWARDED, TrustedProxies } from './forwarded-headers.ts';
import { isIPv4 } from 'node:net';
import { rememberLast } from '../remember-last.ts';

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

/** Adds a port to a host that has none. */
function withPort(host: string | undefined, port: string | null): string | undefined {
  return host === undefined || port === null || /:\d+$/.test(host) ? host : `${host}:${port}`;
}

/** An origin as a browser writes it: in lower case, without a default port. */
function originWith(protocol: string, host: string | undefined): string | null {
  return host === undefined || !isHost(host) ? null : originOf(`${protocol}//${host}`);
}

const originOf = rememberLast((url) => URL.parse(url)?.origin ?? null);

/** For a request without a Host, as HTTP/1.0 allows. */
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

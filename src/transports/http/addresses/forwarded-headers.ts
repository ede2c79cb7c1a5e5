import ipaddr from 'ipaddr.js';
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { rememberLast } from '../remember-last.ts';

/** The client's request as proxies describe it; null: missing or malformed. */
export interface Forwarded {
  readonly protocol: 'http:' | 'https:' | null;
  /** Without a default port, such as `example.com:8443`. */
  readonly host: string | null;
  readonly port: string | null;
  /** Empty, or with a slash at its start and none at its end. */
  readonly prefix: string | null;
}

export const NOT_FORWARDED: Forwarded = { protocol: null, host: null, port: null, prefix: null };

/**
 * Reads the headers of a trusted proxy. With several proxies in a row the first value is the client's.
 * `X-Forwarded-*` wins over `Forwarded`: most proxies write the former and pass on the client's own `Forwarded`.
 */
export function forwardedOf(headers: IncomingHttpHeaders): Forwarded {
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
export const isHost = rememberLast(
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
export class TrustedProxies {
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

  readonly #isInRange = rememberLast((text: string) => {
    if (!ipaddr.isValid(text)) return false;
    // A socket that listens on :: shows IPv4 addresses as ::ffff:192.0.2.1.
    const address = ipaddr.process(text);
    return this.#ranges.some(
      ([range, bits]) => range.kind() === address.kind() && address.match(range, bits),
    );
  });
}

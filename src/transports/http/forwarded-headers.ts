import type { IncomingHttpHeaders } from 'node:http';

/** What proxies say of the request as the client made it; null: not said, or not readable. */
export interface Forwarded {
  readonly protocol: 'http:' | 'https:' | null;
  /** Without a default port, such as `example.com:8443`. */
  readonly host: string | null;
  readonly port: string | null;
  /** Empty, or with a slash at the start only. */
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

/** Traefik writes the WebSocket's own. */
const PROTOCOLS: Readonly<Record<string, Forwarded['protocol']>> = {
  http: 'http:',
  https: 'https:',
  ws: 'http:',
  wss: 'https:',
};

/** Segments of the characters that RFC 3986 allows in a path. */
const PREFIX = /^(?:\/[\w.~!$&'()*+,;=:@%-]+)*$/;

/** Whether a text is a host with or without a port, and nothing else of a URL. */
export function isHost(text: string): boolean {
  return /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/i.test(text) && URL.canParse(`http://${text}`);
}

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

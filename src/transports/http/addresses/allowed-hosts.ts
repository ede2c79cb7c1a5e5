import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';
import { GRAPHQL_PATH } from '../graphql/exchange.ts';
import { memoizeLast } from '../memoize-last.ts';

/** Which hosts requests may have. */
export interface HostRules {
  /** Host names as a URL writes them, with a port or for any port. */
  readonly names: readonly string[];
  /** IP addresses besides those in `names`. With `loopback` and `any` the names of this machine are allowed as well. */
  readonly addresses: 'none' | 'loopback' | 'any';
  /** Whether the Host, but not the origin of a page, may be a name without a dot: proxies send the name of their upstream. */
  readonly upstreamNames: boolean;
}

/**
 * The hosts that requests may have. The owner of a name can point it at the gateway (DNS rebinding); for a browser a page of that
 * name then has the same origin as the gateway.
 */
export class AllowedHosts {
  readonly #rules: HostRules | null;

  /** @param rules null: any host is allowed */
  constructor(rules: HostRules | null) {
    this.#rules = rules;
  }

  /** Whether only the names of this machine are allowed. */
  get localOnly(): boolean {
    return this.#rules?.addresses === 'loopback';
  }

  /** Whether a request may have this Host. */
  allowsHost(host: string): boolean {
    return this.allows(host) || (this.#rules?.upstreamNames === true && /^\w[\w-]*(?::\d+)?$/.test(host));
  }

  /**
   * Whether clients may use this host.
   *
   * @param host as in a Host header, with or without a port
   */
  readonly allows = memoizeLast((host: string): boolean => {
    const rules = this.#rules;
    if (rules === null) return true;
    const url = URL.parse(`http://${host}`);
    if (url === null) return false;
    const name = url.hostname.replace(/\.$/, '');
    const port = /:(\d+)$/.exec(host)?.[1];
    // The scheme, and with it the default port, is not known behind a proxy.
    const names = port === undefined ? [name, `${name}:80`, `${name}:443`] : [name, `${name}:${port}`];
    if (names.some((known) => rules.names.includes(known))) return true;
    return rules.addresses !== 'none' && (isLocalName(name) || isAddress(name, rules.addresses));
  });
}

function isLocalName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}

/** An IP address cannot be rebound. */
function isAddress(name: string, addresses: 'loopback' | 'any'): boolean {
  const text = name.replace(/^\[(.*)\]$/, '$1');
  return ipaddr.isValid(text) && (addresses === 'any' || ipaddr.process(text).range() === 'loopback');
}

/** The answer to a refused request. */
export interface HttpRefusal {
  readonly status: number;
  readonly error: object;
}

/**
 * Refuses a request without exactly one valid Host header: two servers in a row could each use another one. Yoga would answer an
 * invalid one with a stack trace.
 *
 * @returns null for a valid one
 */
export function refusalOfInvalidHost(request: IncomingMessage): HttpRefusal | null {
  const { url = '/', headers, rawHeaders } = request;
  const { host = 'localhost' } = headers;
  const isValid = url === GRAPHQL_PATH ? isValidHost(host) : URL.canParse(`http://${host}${url}`);
  if (isValid && countOfHosts(rawHeaders) <= 1) return null;
  return {
    status: 400,
    error: { message: 'The request must have exactly one Host header with a valid host.' },
  };
}

/** @param rawHeaders names and values alternately */
function countOfHosts(rawHeaders: readonly string[]): number {
  return rawHeaders.filter(
    (text, index) => index % 2 === 0 && text.length === 4 && text.toLowerCase() === 'host',
  ).length;
}

const isValidHost = memoizeLast((host) => URL.canParse(`http://${host}${GRAPHQL_PATH}`));

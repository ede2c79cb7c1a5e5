import { isIP, isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { listOf, text } from './schemas.ts';

/** Names for the address ranges of `TRUST_PROXY`. */
const RANGE_NAMES: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

/** Settings for the address that the gateway listens on and the names that clients use. */
export const ADDRESS_SETTINGS = {
  HOST: text('127.0.0.1'),
  // Read without a slash at the end.
  PUBLIC_URL: z
    .string()
    .refine(
      isPublicUrl,
      'must be an http or https URL without /graphql, query and fragment, such as https://video.example.com or https://example.com/reelgate',
    )
    .transform((value) => new URL(value).href.replace(/\/+$/, ''))
    .optional(),
  // Read as CIDR ranges.
  TRUST_PROXY: listOf(
    (entry) => rangesOf(entry).length > 0,
    'must be IP addresses, CIDR ranges, loopback or private, with commas in between, such as loopback,10.0.0.0/8',
  )
    .optional()
    .transform((entries = []) => Object.freeze(entries.flatMap(rangesOf))),
  // Read as URLs contain hosts: IPv6 in brackets, with or without a port.
  ALLOWED_HOSTS: listOf(
    (entry) => entry === '*' || hostOf(entry) !== null,
    'must be host names or *, with commas in between, such as video.example.com,localhost:4000',
  )
    .transform((entries) => Object.freeze(entries.map((entry) => hostOf(entry) ?? entry)))
    .optional(),
};

type Addresses = z.output<z.ZodObject<typeof ADDRESS_SETTINGS>>;

/**
 * The hosts that requests may have. The default prevents DNS rebinding: a page of another site, whose name resolves to this gateway,
 * sends that name as the host. With sign-in any host is allowed, because such a page has no token.
 *
 * @returns null for any host
 */
export function allowedHostsOf(
  { ALLOWED_HOSTS: listed, PUBLIC_URL, HOST, TRUST_PROXY }: Addresses,
  { signIn, allowAnonymous }: { readonly signIn: boolean; readonly allowAnonymous: boolean },
) {
  if (listed?.includes('*') === true || (listed === undefined && signIn)) return null;
  const own = PUBLIC_URL === undefined ? [] : [new URL(PUBLIC_URL).hostname];
  if (listed !== undefined) {
    return Object.freeze({ names: [...listed, ...own], addresses: 'none', upstreamNames: false } as const);
  }
  const upstreamNames = PUBLIC_URL !== undefined || TRUST_PROXY.length > 0;
  const addresses = isLoopback(HOST) && !allowAnonymous ? 'loopback' : 'any';
  const names = isIP(HOST) === 0 ? [HOST.toLowerCase(), ...own] : own;
  return Object.freeze({ names, addresses, upstreamNames } as const);
}

/** Whether only programs on this machine reach the gateway: behind a proxy, a loopback address does not prove it. */
export function isLocal({ HOST, PUBLIC_URL, TRUST_PROXY }: Addresses): boolean {
  const isPublished =
    TRUST_PROXY.length > 0 || (PUBLIC_URL !== undefined && !hasLoopbackHost(new URL(PUBLIC_URL)));
  return isLoopback(HOST) && !isPublished;
}

/** Whether a host is certainly this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

/** Whether the host of a URL is certainly this machine. */
export function hasLoopbackHost({ hostname }: URL): boolean {
  return isLoopback(hostname.replace(/^\[(.*)\]$/, '$1'));
}

function isPublicUrl(value: string): boolean {
  const url = URL.parse(value);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return false;
  // The endpoint's own path is added to it.
  if (/\/graphql\/?$/.test(url.pathname)) return false;
  return url.href === `${url.origin}${url.pathname}` && !url.pathname.includes('//');
}

/** In CIDR notation; empty when the entry is neither an address nor a range. */
function rangesOf(entry: string): readonly string[] {
  const named = RANGE_NAMES[entry];
  if (named !== undefined) return named;
  if (ipaddr.isValidCIDR(entry)) return [entry];
  const version = isIP(entry);
  return version === 0 ? [] : [`${entry}/${version === 6 ? 128 : 32}`];
}

/** As URLs contain it; null when the entry is not a host. */
function hostOf(entry: string): string | null {
  const host = isIPv6(entry) ? `[${entry}]` : entry;
  if (!/^[^\s/?#@\\*]+$/.test(host)) return null;
  const url = URL.parse(`http://${host}`);
  if (url === null) return null;
  // URL drops the default port.
  return host.endsWith(':80') ? `${url.hostname}:80` : url.host;
}

import { isIP, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';

/** Names for the address ranges of `TRUST_PROXY`. */
const RANGE_NAMES: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

/** An http or https URL, with or without a path; read without the slash at its end. */
export function publicUrl() {
  return z
    .string()
    .refine(
      isPublicUrl,
      'must be an http or https URL without /graphql, query and fragment, such as https://video.example.com or https://example.com/reelgate',
    )
    .transform((value) => new URL(value).href.replace(/\/+$/, ''))
    .optional();
}

/** Addresses and CIDR ranges with commas in between; read as CIDR ranges. */
export function trustProxy() {
  return list(
    (entry) => rangesOf(entry).length > 0,
    'must be IP addresses, CIDR ranges, loopback or private, with commas in between, such as loopback,10.0.0.0/8',
  )
    .optional()
    .transform((entries = []) => Object.freeze(entries.flatMap(rangesOf)));
}

/** Host names with commas in between, each with or without a port; read as a URL writes them, IPv6 in brackets. */
export function allowedHosts() {
  return list(
    (entry) => entry === '*' || hostOf(entry) !== null,
    'must be host names or *, with commas in between, such as video.example.com,localhost:4000',
  )
    .transform((entries) => Object.freeze(entries.map((entry) => hostOf(entry) ?? entry)))
    .optional();
}

function list(isEntry: (entry: string) => boolean, message: string) {
  return z
    .string()
    .transform((value) =>
      value
        .split(',')
        .map((entry) => entry.trim())
        .filter((entry) => entry !== ''),
    )
    .refine((entries) => entries.every(isEntry), message);
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

/** As a URL writes it; null when it is no host. */
function hostOf(entry: string): string | null {
  const host = isIPv6(entry) ? `[${entry}]` : entry;
  if (!/^[^\s/?#@\\*]+$/.test(host)) return null;
  const url = URL.parse(`http://${host}`);
  if (url === null) return null;
  // The default port would get lost.
  return host.endsWith(':80') ? `${url.hostname}:80` : url.host;
}

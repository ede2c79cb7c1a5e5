import { isIPv4 } from 'node:net';
import { z } from 'zod';

/** A whole number; `fallback` when absent. */
export function integer<D extends number | null>(fallback: D, min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d+$/, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message)
    .optional()
    .transform((value) => value ?? fallback);
}

/** A number above 0, at most 1000. */
export function positive(fallback: number) {
  const message = 'must be a number above 0, at most 1000';
  return z
    .string()
    .regex(/^\d*\.?\d+$/, message)
    .transform(Number)
    .refine((value) => value > 0 && value <= 1000, message)
    .optional()
    .transform((value) => value ?? fallback);
}

/** Any text. */
export function text(fallback: string) {
  return z.string().default(fallback);
}

/** `true` or `false`. */
export function flag(fallback: 'true' | 'false') {
  return z
    .enum(['true', 'false'], 'must be true or false')
    .default(fallback)
    .transform((value) => value === 'true');
}

/** A list of origins with commas in between, each as a browser writes it. */
export function origins() {
  return z
    .string()
    .default('')
    .transform((list) =>
      list
        .split(',')
        .map((origin) => origin.trim())
        .filter((origin) => origin !== ''),
    )
    .refine(
      (list) => list.every(isOrigin),
      'must be http or https origins with commas in between, such as https://app.example.com',
    )
    .transform((list) => Object.freeze(list.map((origin) => new URL(origin).origin)));
}

/** A list of http or https URLs with commas in between, below which others may stand; each without a slash at its end. */
export function urlPrefixes() {
  return z
    .string()
    .default('')
    .transform((list) => splitUrls(list).filter((url) => url !== ''))
    .refine(
      (list) => list.every(isUrlPrefix),
      'must be http or https URLs with commas in between, with a path or without, such as https://router.example.com/callback',
    )
    .transform((list) => Object.freeze(list.map((url) => new URL(url).href.replace(/\/$/, ''))));
}

function isUrlPrefix(value: string): boolean {
  const url = URL.parse(value);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return false;
  // Plain segments only: what a path with escapes, dots or empty segments leads to depends on who reads it.
  return url.href === `${url.origin}${url.pathname}` && /^(?:\/[\w~-][\w.~-]*)*\/?$/.test(url.pathname);
}

/** Whether a host is this machine for certain. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

/** At least 32 bytes. */
export function isLongSecret(secret: string): boolean {
  return Buffer.byteLength(secret) >= 32;
}

/** An https URL, or an http one of this machine; no fetch takes credentials in a URL. */
export function isJwksUrl(value: string): boolean {
  const url = URL.parse(value);
  if (url === null || url.username !== '' || url.password !== '') return false;
  return (
    url.protocol === 'https:' ||
    (url.protocol === 'http:' && isLoopback(url.hostname.replace(/^\[(.*)\]$/, '$1')))
  );
}

/** An http or https origin without a path. */
export function isOrigin(value: string): boolean {
  const url = URL.parse(value);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return false;
  return url.href === `${url.origin}/`;
}

/** The parts of a list with commas in between. */
export function splitUrls(list: string): string[] {
  return list.split(',').map((url) => url.trim());
}

/** Whether all are URLs of Redis with credentials that can be decoded. */
export function areRedisUrls(urls: readonly string[]): boolean {
  return urls.every((address) => {
    const url = URL.parse(address);
    return url !== null && ['redis:', 'rediss:'].includes(url.protocol) && isDecodable(url);
  });
}

/** Whether the credentials of a URL can be decoded. */
export function isDecodable({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username);
    decodeURIComponent(password);
    return true;
  } catch {
    return false;
  }
}

/** Sentinels as `name@host:port,host:port`. */
export interface Sentinels {
  readonly name: string;
  readonly urls: readonly string[];
}

/** @returns null when it is none: a name, an @, and hosts, each perhaps with a scheme, credentials and a port */
export function readSentinels(value: string): Sentinels | null {
  const [, name = '', list = ''] = /^([^@\s,:/]+)@(.+)$/.exec(value) ?? [];
  const urls = splitUrls(list).map((one) => (one.includes('://') ? one : `redis://${one}`));
  return name !== '' && urls.every(isServer) && areRedisUrls(urls)
    ? { name, urls: Object.freeze(urls) }
    : null;
}

/** Whether a URL has nothing after its host and port. */
function isServer(url: string): boolean {
  return /^rediss?:\/\/[^/?#]+$/.test(url);
}

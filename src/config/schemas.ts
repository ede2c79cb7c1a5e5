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

/** A list with commas in between. Commas alone are a mistake: an empty list of what is allowed would refuse everything. */
export function listOf(isEntry: (entry: string) => boolean, message: string) {
  return z
    .string()
    .transform((list) => splitList(list).filter((entry) => entry !== ''))
    .refine((entries) => entries.length > 0 && entries.every(isEntry), message);
}

/** A list of http or https URLs that allow every URL below them; read without a slash at the end. */
export function urlPrefixes() {
  return z
    .string()
    .default('')
    .transform((list) => splitList(list).filter((url) => url !== ''))
    .refine(
      (list) => list.every(isUrlPrefix),
      'must be http or https URLs with commas in between, with a path or without, such as https://router.example.com/callback',
    )
    .transform((list) => Object.freeze(list.map((url) => new URL(url).href.replace(/\/$/, ''))));
}

function isUrlPrefix(value: string): boolean {
  const url = parseWebUrl(value);
  if (url === null) return false;
  // Plain segments only: servers disagree about paths with escapes, dots or empty segments.
  return url.href === `${url.origin}${url.pathname}` && /^(?:\/[\w~-][\w.~-]*)*\/?$/.test(url.pathname);
}

/** Whether a text is an http or https origin without a path. */
export function isOrigin(value: string): boolean {
  const url = parseWebUrl(value);
  return url !== null && url.href === `${url.origin}/`;
}

/** `URL.parse` accepts a host such as `*.example.com`, which no server has: such an entry would allow nothing. */
function parseWebUrl(value: string): URL | null {
  const url = URL.parse(value);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return null;
  return url.hostname.includes('*') ? null : url;
}

/** Splits at commas; entries are trimmed and may be empty. */
export function splitList(list: string): string[] {
  return list.split(',').map((entry) => entry.trim());
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

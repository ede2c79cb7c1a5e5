/** Parses times in headers and in JSON. */

const ISO =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(?::(\d{2}(?:\.\d+)?))?\s*(?:(Z|UTC|GMT)|([+-]\d{2}):?(\d{2})?)?$/i;
const HTTP_DATE = /^[A-Z][a-z]{2}, .* GMT$/;
const NUMBER = /^\d+(?:\.\d+)?$/;
/** Seconds from 2001 to 2286. Numbers outside of this range are not times. */
const MIN_SECONDS = 1e9;
const MAX_SECONDS = 1e10;

/**
 * A point in time: ISO 8601 (UTC when it has no zone), an HTTP date, or seconds or milliseconds since 1970 as a number or text.
 *
 * @returns epoch milliseconds, or null for anything else
 */
export function parseTime(value: unknown): number | null {
  if (typeof value === 'number') return fromNumber(value);
  if (typeof value !== 'string') return null;
  const text = value.trim();
  if (NUMBER.test(text)) return fromNumber(Number(text));
  const iso = ISO.exec(text);
  if (iso === null) return parseHttpDate(text);
  const [, day, minutes, seconds = '00', , zoneHours, zoneMinutes = '00'] = iso;
  const zone = zoneHours === undefined ? 'Z' : `${zoneHours}:${zoneMinutes}`;
  return orNull(Date.parse(`${day}T${minutes}:${seconds}${zone}`));
}

/** @returns epoch milliseconds, or null */
export function parseHttpDate(text: string): number | null {
  // Date.parse alone accepts many texts that are not dates.
  return HTTP_DATE.test(text) ? orNull(Date.parse(text)) : null;
}

/** `Retry-After` (RFC 9110, 10.2.3): seconds or an HTTP date, in whole milliseconds from `now`; null for anything else. */
export function parseRetryAfter(text: string, now: number): number | null {
  if (NUMBER.test(text)) return Math.ceil(Number(text) * 1000);
  const date = parseHttpDate(text);
  return date === null ? null : Math.max(0, date - now);
}

/**
 * Milliseconds to add to the upstream's times to get ours. A Date header has whole seconds, so the smallest correction that
 * agrees with it is used; 0 when there is no such header.
 */
export function clockOffset(date: number | null, now: number): number {
  if (date === null) return 0;
  const least = now - (date + 999);
  const most = now - date;
  if (least > 0) return least;
  return most < 0 ? most : 0;
}

function fromNumber(value: number): number | null {
  if (value >= MIN_SECONDS && value < MAX_SECONDS) return Math.round(value * 1000);
  return value >= MIN_SECONDS * 1000 && value < MAX_SECONDS * 1000 ? Math.round(value) : null;
}

function orNull(time: number): number | null {
  return Number.isNaN(time) ? null : time;
}

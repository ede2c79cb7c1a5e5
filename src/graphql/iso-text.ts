const DAY_MS = 86_400_000;
const TWO_DIGITS = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'));
const THREE_DIGITS = Array.from({ length: 1000 }, (_, value) => String(value).padStart(3, '0'));

/** By the day since the epoch: `2026-01-31T`. */
const dates = new Map<number, string>();
const MAX_DATES = 100;

/**
 * What `Date.toISOString` gives, several times faster: an answer has five of them, of few days.
 *
 * @param time epoch milliseconds
 * @throws RangeError when it is no time
 */
export function isoText(time: number): string {
  const whole = Math.trunc(time);
  const day = Math.floor(whole / DAY_MS);
  const ms = whole - day * DAY_MS;
  const seconds = Math.floor(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  return `${dateOf(day)}${TWO_DIGITS[hours]}:${TWO_DIGITS[minutes - hours * 60]}:${TWO_DIGITS[seconds - minutes * 60]}.${THREE_DIGITS[ms - seconds * 1000]}Z`;
}

function dateOf(day: number): string {
  const known = dates.get(day);
  if (known !== undefined) return known;
  const text = new Date(day * DAY_MS).toISOString();
  const date = text.slice(0, text.indexOf('T') + 1);
  if (dates.size === MAX_DATES) dates.clear();
  dates.set(day, date);
  return date;
}

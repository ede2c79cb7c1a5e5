const DAY_MS = 86_400_000;
const TWO_DIGITS = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'));
const THREE_DIGITS = Array.from({ length: 1000 }, (_, value) => String(value).padStart(3, '0'));

let lastDay = NaN;
/** `2026-01-31T` */
let lastDate = '';

/**
 * What `Date.toISOString` gives, several times faster: an answer has five of them, most of the same day.
 *
 * @param time epoch milliseconds
 * @throws RangeError when it is no time
 */
export function isoText(time: number): string {
  const whole = Math.trunc(time);
  const day = Math.floor(whole / DAY_MS);
  if (day !== lastDay) {
    const text = new Date(whole).toISOString();
    lastDate = text.slice(0, text.indexOf('T') + 1);
    lastDay = day;
  }
  const ms = whole - day * DAY_MS;
  const seconds = Math.floor(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  return `${lastDate}${TWO_DIGITS[hours]}:${TWO_DIGITS[minutes - hours * 60]}:${TWO_DIGITS[seconds - minutes * 60]}.${THREE_DIGITS[ms - seconds * 1000]}Z`;
}

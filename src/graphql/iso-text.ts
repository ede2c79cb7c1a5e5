const DAY_MS = 86_400_000;
/** The end of the year 9999: later times, and those before 1970, are written by the platform. */
const END = 253_402_300_800_000;
const [ZERO, DASH, T, COLON, POINT, Z] = [48, 45, 84, 58, 46, 90];

/** Those that were written, by their number since 1970. */
const days = new Map<number, Day>();
const MAX_DAYS = 100;

interface Day {
  readonly year: number;
  /** 1 is January. */
  readonly month: number;
  readonly date: number;
}

/**
 * What `Date.toISOString` gives, several times faster: an answer has five of them, of few days. The text is made in one
 * piece, as JSON of texts that were joined takes twice as long to write.
 *
 * @param time epoch milliseconds
 * @throws RangeError when it is no time
 */
export function isoText(time: number): string {
  if (!(time >= 0 && time < END)) return new Date(time).toISOString();
  const ms = Math.floor(time);
  const second = Math.floor(ms / 1000);
  const minute = Math.floor(second / 60);
  const hour = Math.floor(minute / 60) % 24;
  const { year, month, date } = dayOf(Math.floor(ms / DAY_MS));
  return String.fromCharCode(
    digit(year, 1000),
    digit(year, 100),
    digit(year, 10),
    digit(year, 1),
    DASH,
    digit(month, 10),
    digit(month, 1),
    DASH,
    digit(date, 10),
    digit(date, 1),
    T,
    digit(hour, 10),
    digit(hour, 1),
    COLON,
    digit(minute % 60, 10),
    digit(minute % 60, 1),
    COLON,
    digit(second % 60, 10),
    digit(second % 60, 1),
    POINT,
    digit(ms % 1000, 100),
    digit(ms % 1000, 10),
    digit(ms % 1000, 1),
    Z,
  );
}

/** The character of one decimal digit. */
function digit(value: number, unit: number): number {
  return ZERO + (Math.floor(value / unit) % 10);
}

function dayOf(number: number): Day {
  const known = days.get(number);
  if (known !== undefined) return known;
  const start = new Date(number * DAY_MS);
  const day = {
    year: start.getUTCFullYear(),
    month: start.getUTCMonth() + 1,
    date: start.getUTCDate(),
  };
  if (days.size === MAX_DAYS) days.clear();
  days.set(number, day);
  return day;
}

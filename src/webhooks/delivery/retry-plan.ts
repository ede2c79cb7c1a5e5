const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/**
 * Milliseconds after each failed attempt, about three days together. The first two and two timeouts of 10 seconds take less than 30 seconds,
 * also with the most jitter.
 */
const PAUSES_MS: readonly number[] = [
  3 * SECOND,
  6 * SECOND,
  MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  HOUR,
  2 * HOUR,
  4 * HOUR,
  8 * HOUR,
  8 * HOUR,
  12 * HOUR,
  12 * HOUR,
  12 * HOUR,
  12 * HOUR,
];
/** A pause is up to this share shorter or longer, so that the deliveries to a target that was down do not come all at once. */
const JITTER = 0.1;
/** The longest `Retry-After` that is respected. */
const MAX_RETRY_AFTER_MS = 24 * HOUR;

/** Milliseconds for which a delivery that cannot be attempted waits, for example for a target that does not answer other deliveries. */
const MAX_AGE_MS = 72 * HOUR;

/**
 * The pause after a failed attempt, in milliseconds.
 *
 * @param attempts so far, this one included; those before `resentAt` do not count
 * @param random from 0 to 1
 * @returns null: the delivery is given up
 */
export function retryPauseMs(attempts: number, retryAfterMs: number | null, random: number): number | null {
  const pause = PAUSES_MS[attempts - 1];
  if (pause === undefined) return null;
  return Math.max(spread(pause, random), boundedRetryAfter(retryAfterMs));
}

/**
 * The pause of a delivery that is not attempted, because its target cannot be reached or is not set up: longer for an older one.
 *
 * @param ageMs milliseconds since the end of the job, or since the delivery was to be sent again
 * @returns null: the delivery is given up
 */
export function postponedMs(ageMs: number, random: number): number | null {
  if (ageMs > MAX_AGE_MS) return null;
  return spread(Math.min(HOUR, Math.max(30 * SECOND, ageMs / 4)), random);
}

/** The wait that a target asks for, in milliseconds, as far as it is respected; 0 for none. */
export function boundedRetryAfter(retryAfterMs: number | null): number {
  return Math.min(MAX_RETRY_AFTER_MS, retryAfterMs ?? 0);
}

function spread(ms: number, random: number): number {
  return Math.round(ms * (1 + JITTER * (2 * random - 1)));
}

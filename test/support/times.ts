/** Milliseconds. */
export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** The start of the tests' time: noon of a day in 2026, in epoch milliseconds. */
export const NOON = Date.UTC(2026, 10, 3, 12);

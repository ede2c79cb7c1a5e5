/** The longest Retry-After that is believed, in milliseconds: after this a call is tried all the same. */
export const MAX_RETRY_AFTER_MS = 5 * 60 * 1000;

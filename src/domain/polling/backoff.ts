const BASE_MS = 1000;
const CEILING_MS = 60_000;

/**
 * Milliseconds to wait after a failure: from 1 second, doubled up to 60 seconds, minus a random part of up to a half ("equal
 * jitter"), so that many jobs do not retry at once.
 *
 * @param failures failures in a row including this one; at least 1
 * @param random from 0 to 1
 * @param retryAfterMs the wait that the server asked for; the result is never shorter
 */
export function backoffMs(failures: number, random: number, retryAfterMs: number | null = null): number {
  const full = Math.min(CEILING_MS, BASE_MS * 2 ** Math.min(failures - 1, 16));
  return Math.max(retryAfterMs ?? 0, Math.round(full * (1 - random / 2)));
}

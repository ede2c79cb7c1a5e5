const BASE_MS = 1000;
const CEILING_MS = 60_000;

/**
 * Milliseconds to wait after a fault: doubling from 1 second to 60, of which chance takes away up to half
 * ("equal jitter"), so that many jobs do not come back at once.
 *
 * @param faults how many faults in a row, this one included; at least 1
 * @param random from 0 to 1
 * @param retryAfterMs what the other side asked for; the wait is never shorter
 */
export function backoffMs(faults: number, random: number, retryAfterMs: number | null = null): number {
  const full = Math.min(CEILING_MS, BASE_MS * 2 ** Math.min(faults - 1, 16));
  return Math.max(retryAfterMs ?? 0, Math.round(full * (1 - random / 2)));
}

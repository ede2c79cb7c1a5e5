import type { Clock } from '../domain/clock.ts';

/** A timer of the system holds at most 24 days. */
const LONGEST_SLEEP_MS = 24 * 60 * 60 * 1000;

/**
 * Calls `ring` once, at a time however far away.
 *
 * @param at epoch milliseconds
 * @returns what calls it off
 */
export function alarm(clock: Clock, at: number, ring: () => void): () => void {
  const off = new AbortController();
  const wait = async () => {
    while (!off.signal.aborted && clock.now() < at) {
      await clock.sleep(Math.min(at - clock.now(), LONGEST_SLEEP_MS), off.signal);
    }
    if (!off.signal.aborted) ring();
  };
  void wait();
  return () => off.abort();
}

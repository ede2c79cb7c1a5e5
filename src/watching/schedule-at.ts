import type { Clock } from '../domain/clock.ts';

/** Node's timers hold at most 24 days. */
const LONGEST_SLEEP_MS = 24 * 60 * 60 * 1000;

/**
 * Calls `run` once, at a time however far away.
 *
 * @param at epoch milliseconds
 * @returns cancels it
 */
export function scheduleAt(clock: Clock, at: number, run: () => void): () => void {
  const off = new AbortController();
  const wait = async () => {
    while (!off.signal.aborted && clock.now() < at) {
      await clock.sleep(Math.min(at - clock.now(), LONGEST_SLEEP_MS), off.signal);
    }
    if (!off.signal.aborted) run();
  };
  void wait();
  return () => off.abort();
}

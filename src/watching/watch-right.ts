import type { Caller } from '../domain/caller.ts';
import type { Clock } from '../domain/clock.ts';

/** Milliseconds between checks whether the token of a stream is still valid. */
const RECHECK_MS = 60_000;

/** Why a token is no longer valid. */
export type RightEnd = 'expired' | 'withdrawn';

/**
 * Calls `onEnd` once, when the caller's token expires or its key is withdrawn. While the issuer cannot be reached, the stream
 * stays open.
 *
 * @param clock the clock by which tokens expire
 * @returns stops watching
 */
export function watchRight(
  { expiresAt, isStillGood }: Caller,
  clock: Clock,
  onEnd: (reason: RightEnd) => void,
): () => void {
  const end = expiresAt ?? Infinity;
  if (end === Infinity && isStillGood === undefined) return () => {};
  let cancelTimer: (() => void) | null = null;
  let isOff = false;
  const wait = () => {
    const recheckAt = isStillGood === undefined ? Infinity : clock.now() + RECHECK_MS;
    cancelTimer = scheduleAt(clock, Math.min(end, recheckAt), () => {
      if (clock.now() >= end) onEnd('expired');
      else void recheck();
    });
  };
  const recheck = async () => {
    const isGood = (await isStillGood?.()) ?? true;
    if (isOff) return;
    if (isGood) wait();
    else onEnd('withdrawn');
  };
  wait();
  return () => {
    isOff = true;
    cancelTimer?.();
  };
}

/** Node's timers support at most 24 days. */
const LONGEST_SLEEP_MS = 24 * 60 * 60 * 1000;

/**
 * Calls `run` once at a time, which may be years away.
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

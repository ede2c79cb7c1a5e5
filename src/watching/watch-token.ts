import type { Caller } from '../domain/caller.ts';
import type { Clock } from '../domain/clock.ts';

/** Milliseconds between checks whether the token of a stream is still valid. */
const RECHECK_MS = 60_000;

/** Why a token is no longer valid. */
export type TokenEnd = 'expired' | 'withdrawn';

/**
 * Calls `onEnd` once, when the caller's token expires or its key is withdrawn. While the issuer cannot be reached, the stream
 * stays open.
 *
 * @param clock the clock by which tokens expire
 * @returns stops watching
 */
export function watchToken(
  { expiresAt, isStillValid }: Caller,
  clock: Clock,
  onEnd: (reason: TokenEnd) => void,
): () => void {
  const end = expiresAt ?? Infinity;
  if (end === Infinity && isStillValid === undefined) return () => {};
  let cancelTimer: (() => void) | null = null;
  let isStopped = false;
  const wait = () => {
    const recheckAt = isStillValid === undefined ? Infinity : clock.now() + RECHECK_MS;
    cancelTimer = scheduleAt(clock, Math.min(end, recheckAt), () => {
      if (clock.now() >= end) onEnd('expired');
      else void recheck();
    });
  };
  const recheck = async () => {
    const isValid = (await isStillValid?.()) ?? true;
    if (isStopped) return;
    if (isValid) wait();
    else onEnd('withdrawn');
  };
  wait();
  return () => {
    isStopped = true;
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
  const cancelled = new AbortController();
  const wait = async () => {
    while (!cancelled.signal.aborted && clock.now() < at) {
      await clock.sleep(Math.min(at - clock.now(), LONGEST_SLEEP_MS), cancelled.signal);
    }
    if (!cancelled.signal.aborted) run();
  };
  void wait();
  return () => cancelled.abort();
}

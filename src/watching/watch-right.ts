import type { Caller } from '../domain/caller.ts';
import type { Clock } from '../domain/clock.ts';
import { scheduleAt } from './schedule-at.ts';

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

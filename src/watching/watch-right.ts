import type { Caller } from '../domain/caller.ts';
import type { Clock } from '../domain/clock.ts';
import { alarm } from './alarm.ts';

/** Milliseconds between two checks whether a token that opened a stream is still good. */
const RECHECK_MS = 60_000;

/** Why a caller's right has ended. */
export type RightEnd = 'expired' | 'withdrawn';

/**
 * Calls `onEnd` once, when the caller's token expires, or is no longer good because its key was withdrawn. While that cannot be
 * told, as the issuer is away, what was opened stays open.
 *
 * @param clock that by which tokens expire
 * @returns what stops watching
 */
export function watchRight(
  { expiresAt, isStillGood }: Caller,
  clock: Clock,
  onEnd: (reason: RightEnd) => void,
): () => void {
  const end = expiresAt ?? Infinity;
  if (end === Infinity && isStillGood === undefined) return () => {};
  let offAlarm: (() => void) | null = null;
  let isOff = false;
  const wait = () => {
    const recheckAt = isStillGood === undefined ? Infinity : clock.now() + RECHECK_MS;
    offAlarm = alarm(clock, Math.min(end, recheckAt), () => {
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
    offAlarm?.();
  };
}

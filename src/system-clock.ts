import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from './domain/clock.ts';

/**
 * The machine's own clock, which can be set at any time: for what other machines measure by theirs, such as the expiry of
 * tokens.
 */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => {}),
};

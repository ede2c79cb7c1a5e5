import { noop, orAbort } from './abort.ts';
import { onNetwork } from './page-events.ts';

const FIRST_MS = 250;
const MAX_MS = 5000;

/** The pause before another attempt: it doubles with each failure, up to 5 seconds, and is random so that clients spread. */
export function backoffMs(failures: number, random: () => number): number {
  return Math.min(FIRST_MS * 2 ** failures, MAX_MS) * (0.5 + random());
}

/** Waits. Ends early when the network returns. Rejects with the reason of `signal` when it aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  let cleanup = noop;
  const over = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    const ignoreOnline = onNetwork('online', resolve);
    cleanup = () => {
      clearTimeout(timer);
      ignoreOnline();
    };
  });
  return orAbort(over, signal).finally(cleanup);
}

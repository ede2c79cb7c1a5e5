import { onNetwork } from './page-events.ts';

const FIRST_MS = 250;
const MAX_MS = 5000;

/** The pause before another attempt: it doubles with each failure, up to 5 seconds, and is random so that clients spread. */
export function backoffMs(failures: number, random: () => number): number {
  return Math.min(FIRST_MS * 2 ** failures, MAX_MS) * (0.5 + random());
}

/** Waits. Ends early when the network returns. Rejects with the reason of `signal` when it aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      ignoreOnline();
      signal.removeEventListener('abort', end);
      if (signal.aborted) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(end, ms);
    const ignoreOnline = onNetwork('online', end);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}

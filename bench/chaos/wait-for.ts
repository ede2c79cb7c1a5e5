import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 200;

/** Polls until `isSo`. @throws Error when it is not so in time, or with the last error */
export async function waitFor(
  what: string,
  isSo: () => Promise<boolean>,
  timeoutMs = 60_000,
  pauseMs = POLL_MS,
): Promise<void> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    let cause: unknown;
    try {
      if (await isSo()) return;
    } catch (error) {
      cause = error;
    }
    if (Date.now() > until) throw new Error(`Not in time: ${what}`, { cause });
    await delay(pauseMs);
  }
}

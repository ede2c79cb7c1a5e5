import { ReelgateError } from '../errors.ts';

/** A cleanup that has nothing to do. */
export const noop = (): void => {};

/** The listeners of each signal. */
const LISTENERS = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls a listener when a signal aborts; at once if it has aborted. A signal has one listener of the platform for all of them: Node 20
 * warns of a memory leak at the eleventh, and any number of calls may share a signal.
 *
 * @param listener a function of its own for each call
 * @returns a function that removes it
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  const known = LISTENERS.get(signal);
  const listeners = known ?? new Set();
  if (known === undefined) {
    LISTENERS.set(signal, listeners);
    signal.addEventListener('abort', () => {
      for (const each of listeners) each();
    });
  }
  if (signal.aborted) listener();
  else listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The first abort of several signals, or of a deadline. */
export interface AbortScope {
  readonly signal: AbortSignal;
  /** Removes the listeners and the timer. */
  release(): void;
}

/**
 * Combines signals. `AbortSignal.any` is missing in Safari 16, and signals that live long keep what it makes in memory.
 *
 * @param deadlineMs aborts with an error with code UNREACHABLE after this time
 */
export function abortScope(signals: readonly (AbortSignal | undefined)[], deadlineMs?: number): AbortScope {
  const controller = new AbortController();
  const cleanups: (() => void)[] = [];
  const release = (): void => {
    for (const cleanup of cleanups) cleanup();
  };
  for (const signal of signals) {
    if (signal === undefined) continue;
    cleanups.push(onAbort(signal, () => controller.abort(signal.reason)));
  }
  if (deadlineMs !== undefined) {
    const text = `There was no answer within ${deadlineMs / 1000} seconds.`;
    const timer = setTimeout(() => controller.abort(new ReelgateError('UNREACHABLE', text)), deadlineMs);
    cleanups.push(() => clearTimeout(timer));
  }
  return { signal: controller.signal, release };
}

/** Resolves or rejects like `work`, or rejects with the reason of `signal` as soon as it aborts. */
export async function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let leave = noop;
  const aborted = new Promise<never>((_, reject) => {
    leave = onAbort(signal, () => reject(signal.reason));
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    leave();
    // It may reject after the abort.
    work.catch(noop);
  }
}

/** A cleanup that has nothing to do. */
export const noop = (): void => {};

/** The first abort of several signals, or of a timeout. */
export interface AbortScope {
  readonly signal: AbortSignal;
  /** Removes the listeners and the timer. */
  release(): void;
}

/**
 * Combines signals. `AbortSignal.any` is missing in Safari 16, and signals that live long keep what it makes in memory.
 *
 * @param timeout aborts with the reason after the time
 */
export function abortScope(
  signals: readonly (AbortSignal | undefined)[],
  timeout?: { readonly ms: number; readonly reason: () => Error },
): AbortScope {
  const controller = new AbortController();
  const cleanups: (() => void)[] = [];
  const release = (): void => {
    for (const cleanup of cleanups) cleanup();
  };
  for (const signal of signals) {
    if (signal === undefined) continue;
    const abort = (): void => controller.abort(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    cleanups.push(() => signal.removeEventListener('abort', abort));
  }
  if (timeout !== undefined) {
    const timer = setTimeout(() => controller.abort(timeout.reason()), timeout.ms);
    cleanups.push(() => clearTimeout(timer));
  }
  return { signal: controller.signal, release };
}

/** Resolves or rejects like `work`, or rejects with the reason of `signal` as soon as it aborts. */
export async function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let leave = noop;
  const aborted = new Promise<never>((_, reject) => {
    leave = () => reject(signal.reason);
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', leave);
    // It may reject after the abort.
    work.catch(noop);
  }
}

import { noop } from '../connection/abort.ts';
import type { Connection } from '../connection/connection.ts';

/** What tells that there is a new connection. */
export type Reconnections = Pick<Connection, 'state' | 'onChange'>;

/** A value that is kept up to date while it has listeners. */
export interface LiveStore<T> {
  /** The present value; the same object until it changes. */
  readonly get: () => T;
  /** Changes parts of the value. */
  readonly set: (change: Partial<T>) => void;
  /**
   * Registers a listener for changes. The first one starts the updates.
   *
   * @returns a function that removes it; without listeners the updates stop
   */
  readonly subscribe: (listener: () => void) => () => void;
}

/**
 * Creates a store.
 *
 * @param follow updates the value until the signal aborts. It rejects when the gateway refuses, and is called again when there is a new
 *   connection, which may have another token
 * @param onStop called when the updates have stopped
 */
export function createLiveStore<T extends { readonly error: Error | null }>(
  connection: Reconnections,
  initial: T,
  follow: (signal: AbortSignal) => Promise<void>,
  onStop: () => void,
): LiveStore<T> {
  const listeners = new Set<() => void>();
  let value = initial;
  let running: AbortController | null = null;
  let stopWaiting = noop;

  const set = (change: Partial<T>): void => {
    value = { ...value, ...change };
    for (const listener of listeners) listener();
  };

  const run = (signal: AbortSignal): void => {
    follow(signal).catch((error: Error) => {
      if (signal.aborted) return;
      const isRefused = connection.state === 'refused';
      stopWaiting = connection.onChange(() => {
        // What was refused may have been the only operation, so that the connection becomes idle. That is no reason to repeat it.
        if (!isRefused && connection.state === 'idle') return;
        stopWaiting();
        run(signal);
      });
      set({ ...value, error });
    });
  };

  const stopIfUnused = (): void => {
    if (listeners.size > 0 || running === null) return;
    running.abort();
    running = null;
    stopWaiting();
    onStop();
  };

  return {
    get: () => value,
    set,
    subscribe: (listener) => {
      listeners.add(listener);
      if (running === null) run((running = new AbortController()).signal);
      return () => {
        listeners.delete(listener);
        // React's strict mode removes a listener and adds it again in the same turn.
        queueMicrotask(stopIfUnused);
      };
    },
  };
}

/** The clock; tests pass a fake one. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Resolves after `ms` milliseconds or when `signal` aborts; removes its timer and listener. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

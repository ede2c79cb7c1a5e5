/** Time, passed in so that tests hold it in their hand. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Resolves after `ms` milliseconds, or as soon as `signal` aborts; leaves no timer and no listener behind. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

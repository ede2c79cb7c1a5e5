import type { Clock } from '../../../domain/clock.ts';

export interface ServerClockOptions {
  /** Returns the server's time in epoch milliseconds. */
  readonly ask: () => Promise<number>;
  /** Milliseconds of a monotonic clock, such as `performance.now`. */
  readonly monotonic: () => number;
  readonly clock: Clock;
}

/** Milliseconds between measurements. Clocks of machines drift by less than a millisecond meanwhile. */
const REFRESH_MS = 10_000;

/** The server's time, the same for all instances. Between two measurements the monotonic clock of this process continues it. */
export class ServerClock implements AsyncDisposable {
  readonly #options: ServerClockOptions;
  readonly #closing = new AbortController();
  /** Milliseconds to add to the monotonic clock. */
  #offset: number | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ServerClockOptions) {
    this.#options = options;
  }

  /** Measures now and then regularly. Rejects when the first measurement fails. */
  async start(): Promise<void> {
    await this.#measure();
    this.#running = this.#run();
  }

  /** Epoch milliseconds, a whole number. */
  get now(): number {
    if (this.#offset === null) throw new Error('The server clock was not started.');
    return Math.round(this.#options.monotonic() + this.#offset);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    for (;;) {
      await this.#options.clock.sleep(REFRESH_MS, signal);
      if (signal.aborted) return;
      // While the server is unavailable, the last measurement is used.
      await this.#measure().catch(() => {});
    }
  }

  async #measure(): Promise<void> {
    const { ask, monotonic } = this.#options;
    const before = monotonic();
    const time = await ask();
    const uncertainty = (monotonic() - before) / 2;
    const offset = time - before - uncertainty;
    // A difference within the error of the measurement is ignored, so that the time does not jitter.
    if (this.#offset === null || Math.abs(offset - this.#offset) > uncertainty + 1) this.#offset = offset;
  }
}

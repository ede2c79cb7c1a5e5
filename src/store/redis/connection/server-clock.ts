import type { Clock } from '../../../domain/clock.ts';

/** What the clock works with. */
export interface ServerClockOptions {
  /** Asks the server for its time. @returns epoch milliseconds */
  readonly ask: () => Promise<number>;
  /** Milliseconds of a clock that only runs forward, such as `performance.now`. */
  readonly monotonic: () => number;
  readonly clock: Clock;
}

/** Milliseconds between measurements. Clocks of machines drift by less than a millisecond meanwhile. */
const REFRESH_MS = 10_000;

/** The server's time, on which all instances agree, carried on by this process's monotonic clock. */
export class ServerClock implements AsyncDisposable {
  readonly #options: ServerClockOptions;
  readonly #closing = new AbortController();
  /** Milliseconds to add to the monotonic clock. */
  #offset: number | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ServerClockOptions) {
    this.#options = options;
  }

  /** Measures, and goes on doing so. Rejects when the server does not answer. */
  async start(): Promise<void> {
    await this.#measure();
    this.#running = this.#run();
  }

  /** Epoch milliseconds, a whole number. */
  get now(): number {
    if (this.#offset === null) throw new Error('The time of the server was never measured.');
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
      // While the server is away, what was measured last is the best there is.
      await this.#measure().catch(() => {});
    }
  }

  async #measure(): Promise<void> {
    const { ask, monotonic } = this.#options;
    const before = monotonic();
    const time = await ask();
    const uncertainty = (monotonic() - before) / 2;
    const offset = time - before - uncertainty;
    // What differs by no more than the measurement may be wrong is no news: time should not jitter.
    if (this.#offset === null || Math.abs(offset - this.#offset) > uncertainty + 1) this.#offset = offset;
  }
}

/** Long enough for a player with a full buffer; the same as for bodies of requests. */
const WINDOW_MS = 30_000;

/** The rate of a transfer in its last complete window of 30 seconds or more: what was sent fast before does not count. */
export class TransferRate {
  readonly #now: () => number;
  #since: number;
  #bytes = 0;
  #rate = Infinity;

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
    this.#since = now();
  }

  /** Counts bytes that were sent. */
  add(bytes: number): void {
    this.#endWindow();
    this.#bytes += bytes;
  }

  /** Infinity in the first window. */
  get bytesPerSecond(): number {
    this.#endWindow();
    return this.#rate;
  }

  #endWindow(): void {
    const elapsed = this.#now() - this.#since;
    if (elapsed < WINDOW_MS) return;
    this.#rate = (this.#bytes * 1000) / elapsed;
    this.#since += elapsed;
    this.#bytes = 0;
  }
}

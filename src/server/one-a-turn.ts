/** Does what takes its time piece by piece, one piece a turn of the event loop, so that others are served in between. */
export class OneATurn {
  readonly #waiting: (() => void)[] = [];

  /** @param piece must not throw */
  add(piece: () => void): void {
    this.#waiting.push(piece);
    if (this.#waiting.length === 1) setImmediate(() => this.#next());
  }

  #next(): void {
    // Taken off when it is done, so that what it adds itself finds the next turn arranged.
    this.#waiting[0]?.();
    this.#waiting.shift();
    if (this.#waiting.length > 0) setImmediate(() => this.#next());
  }
}

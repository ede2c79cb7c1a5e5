/** Something that holds messages back. */
export interface Holding {
  /** Sends what it holds. */
  flush(): void;
}

/**
 * Those that hold messages back until all that has come in is seen to, so that each socket is touched once, and all of
 * them in a row: a reader that sleeps is woken for many.
 */
export class Outbox {
  #holding: Holding[] = [];

  /** Has it flushed at the end of this turn of the event loop. */
  add(holding: Holding): void {
    if (this.#holding.length === 0) setImmediate(() => this.flush());
    this.#holding.push(holding);
  }

  /** Sends all that is held, at once. */
  flush(): void {
    const all = this.#holding;
    this.#holding = [];
    for (const holding of all) holding.flush();
  }
}

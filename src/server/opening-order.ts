/** One operation's place among those of its socket. */
export interface Turn {
  /**
   * Resolves once every subscription that was asked for before this operation is open, or is known not to open; null
   * when there is none to wait for.
   */
  readonly before: Promise<unknown> | null;
  /** To be called once, when this operation is open, or never will be; sooner for what opens nothing. */
  readonly opened: () => void;
}

/**
 * Lets a query on a WebSocket be answered only once the subscriptions that were sent before it are open. The protocol
 * has no word for "it is open now"; so whoever subscribes and then reads misses nothing in between.
 */
export class OpeningOrder {
  /** How many may still open. */
  #opening = 0;
  /** Resolves when none of them is left; null when none is. */
  #opened: Promise<unknown> | null = null;

  /**
   * To be called as operations arrive, in their order.
   *
   * @param document the operation's text; empty when it is known by an id only
   */
  enter(document: string): Turn {
    const before = this.#opened;
    // Most queries need no parsing to be told from subscriptions; a word too many costs a moment's waiting.
    if (document !== '' && !document.includes('subscription')) return { before, opened: () => {} };
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#opening += 1;
    this.#opened = Promise.all([before, promise]);
    const opened = () => {
      this.#opening -= 1;
      if (this.#opening === 0) this.#opened = null;
      resolve();
    };
    return { before, opened };
  }
}

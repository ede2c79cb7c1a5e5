/** One operation's place among those of its socket. */
export interface Turn {
  /** Resolves once every subscription that was asked for before this operation is open, or is known not to open. */
  readonly before: Promise<unknown>;
  /** To be called when this operation is open, or never will be; sooner for what opens nothing. */
  readonly opened: () => void;
}

/**
 * Lets a query on a WebSocket be answered only once the subscriptions that were sent before it are open. The protocol
 * has no word for "it is open now"; so whoever subscribes and then reads misses nothing in between.
 */
export class OpeningOrder {
  #opened: Promise<unknown> = Promise.resolve();

  /** To be called as operations arrive, in their order. */
  enter(): Turn {
    const before = this.#opened;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#opened = Promise.all([before, promise]);
    return { before, opened: resolve };
  }
}

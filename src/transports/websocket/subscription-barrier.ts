/** The place of one operation behind the subscriptions of its socket. */
export interface BarrierEntry {
  /**
   * Resolves once every subscription that was sent before this operation is open, or was refused; null when there is none to
   * wait for.
   */
  readonly before: Promise<unknown> | null;
  /** To be called when this operation is open or refused; at once for one that is no subscription. */
  readonly opened: () => void;
}

/**
 * Keeps the answers to queries back until the subscriptions that were sent before them are open. The protocol has no message
 * for "the subscription is open": a client that subscribes and then reads misses nothing in between.
 */
export class SubscriptionBarrier {
  /** Number of subscriptions that are being opened. */
  #opening = 0;
  /** Resolves when all of them are open; null when there is none. */
  #opened: Promise<unknown> | null = null;

  /**
   * Called for each operation in the order of arrival.
   *
   * @param document the operation's text; empty when only its id is known
   */
  enter(document: string): BarrierEntry {
    const before = this.#opened;
    // Most queries need no parsing to be told from subscriptions; one with that word in it waits a moment too long.
    if (document !== '' && !document.includes('subscription')) return { before, opened: () => {} };
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#opening += 1;
    this.#opened = Promise.all([before, promise]);
    let isOpening = true;
    const opened = () => {
      if (!isOpening) return;
      isOpening = false;
      this.#opening -= 1;
      if (this.#opening === 0) this.#opened = null;
      resolve();
    };
    return { before, opened };
  }
}

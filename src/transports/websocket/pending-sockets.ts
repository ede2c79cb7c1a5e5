/**
 * Sockets in an early state, of all clients together. Above the limit the oldest is dropped, and the newest accepted: a client that
 * goes on at once is served, however many others do not.
 */
export class PendingSockets {
  readonly #max: number;
  /** Callbacks that drop the sockets, the oldest first. */
  readonly #drops = new Set<() => void>();

  constructor(max: number) {
    this.#max = max;
  }

  /**
   * Adds a socket.
   *
   * @param drop closes the socket
   * @returns removes it; may be called more than once
   */
  add(drop: () => void): () => void {
    const [oldest] = this.#drops;
    if (oldest !== undefined && this.#drops.size >= this.#max) {
      this.#drops.delete(oldest);
      oldest();
    }
    // Its own function: the same one may be given twice.
    const own = () => drop();
    this.#drops.add(own);
    return () => this.#drops.delete(own);
  }
}

/**
 * The sockets that have not yet said whose they are, of all clients together. When there are too many, the oldest is
 * dropped, not the newest refused: a client that says it at once is served, however many others do not.
 */
export class PendingSockets {
  readonly #max: number;
  /** What drops each, the oldest first. */
  readonly #drops = new Set<() => void>();

  constructor(max: number) {
    this.#max = max;
  }

  /**
   * Adds a socket.
   *
   * @param drop closes the socket
   * @returns what removes it; may be called more than once
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

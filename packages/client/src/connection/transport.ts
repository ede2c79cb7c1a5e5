/** How subscriptions are carried. */
export type TransportName = 'web-socket' | 'event-streams';

/** Milliseconds for which event streams are kept before a WebSocket is tried again. */
const BLOCKED_MS = 300_000;

/**
 * Chooses the transport of each attempt to connect: WebSocket, or event streams where there is none or where it is blocked. A failure
 * does not tell whether WebSockets are blocked or the gateway is away, so event streams are tried at once, and kept if they work.
 */
export class TransportChoice {
  readonly #hasWebSocket: boolean;
  readonly #now: () => number;
  #name: TransportName;
  /** When the last WebSocket failed. */
  #failedAt = 0;

  /** @param now a monotonic clock in milliseconds */
  constructor(hasWebSocket: boolean, now: () => number) {
    this.#hasWebSocket = hasWebSocket;
    this.#now = now;
    this.#name = hasWebSocket ? 'web-socket' : 'event-streams';
  }

  /** For the next attempt. */
  get name(): TransportName {
    return this.#name;
  }

  /**
   * The connection, or the attempt, is over.
   *
   * @returns whether the next attempt is by another transport, and so needs no pause
   */
  ended(hasWorked: boolean): boolean {
    if (this.#name === 'web-socket') {
      if (hasWorked) return false;
      this.#name = 'event-streams';
      this.#failedAt = this.#now();
      return true;
    }
    const isTriedAgain = !hasWorked || this.#now() - this.#failedAt >= BLOCKED_MS;
    if (isTriedAgain && this.#hasWebSocket) this.#name = 'web-socket';
    return false;
  }
}

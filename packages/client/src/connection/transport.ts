/** How subscriptions are carried. */
export type TransportName = 'web-socket' | 'event-streams';

/** Failed WebSockets after which one that had worked before counts as blocked. */
const MAX_FAILURES = 3;
/** Milliseconds for which event streams are preferred after a WebSocket was blocked. */
const BLOCKED_MS = 300_000;

/**
 * Chooses the transport of each attempt to connect: WebSocket, or event streams where there is none or where it is blocked. A failure
 * does not tell whether WebSockets are blocked or the gateway is away, so event streams are tried at once, and kept if they work.
 */
export class TransportChoice {
  readonly #hasWebSocket: boolean;
  readonly #now: () => number;
  #name: TransportName;
  /** Consecutive WebSockets that failed. The first one counts as blocked. */
  #failures = MAX_FAILURES - 1;
  #blockedUntil = 0;

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

  /** The attempt led to a connection. */
  worked(): void {
    if (this.#name === 'web-socket') this.#failures = 0;
    else this.#blockedUntil = this.#now() + BLOCKED_MS;
  }

  /**
   * The connection, or the attempt, is over.
   *
   * @returns whether the next attempt is by another transport, and so needs no pause
   */
  ended(hasWorked: boolean): boolean {
    if (!this.#hasWebSocket) return false;
    if (this.#name === 'event-streams') {
      if (!hasWorked || this.#now() >= this.#blockedUntil) this.#name = 'web-socket';
      return false;
    }
    if (hasWorked) return false;
    this.#failures += 1;
    if (this.#failures < MAX_FAILURES) return false;
    this.#name = 'event-streams';
    return true;
  }
}

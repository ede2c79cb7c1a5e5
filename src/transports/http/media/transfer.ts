import type { ServerResponse } from 'node:http';

/** Limits of one transfer, in milliseconds. A player continues with another range. */
export interface TransferTimes {
  /** Without progress: the source sends nothing, or the client reads nothing. */
  readonly idleMs: number;
  /** The whole transfer. */
  readonly totalMs: number;
}

/** Follows one transfer: it ends when the client disconnects, and at its limits. */
export class Transfer implements Disposable {
  readonly #ended = new AbortController();
  readonly #idle: NodeJS.Timeout;
  readonly #total: NodeJS.Timeout;
  readonly #onSent: (bytes: number) => void;

  /** @param onSent called with the bytes of each piece */
  constructor(response: ServerResponse, { idleMs, totalMs }: TransferTimes, onSent: (bytes: number) => void) {
    this.#onSent = onSent;
    const end = () => this.#ended.abort();
    // The client may have disconnected already; `close` is not emitted again.
    if (response.closed) end();
    else response.once('close', end);
    this.#idle = setTimeout(end, idleMs);
    this.#total = setTimeout(end, totalMs);
  }

  /** Aborts at the end. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Restarts the limit of a transfer without progress. */
  progress(bytes: number): void {
    this.#idle.refresh();
    this.#onSent(bytes);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#idle);
    clearTimeout(this.#total);
  }
}

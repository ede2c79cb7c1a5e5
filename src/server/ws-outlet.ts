import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Outbox } from './outbox.ts';
import { frameOf } from './ws-frame.ts';
import { holdBack, listenAgain } from './ws-socket.ts';

/** Bytes that a client may leave unread before its subscriptions hold their updates back. */
const ENOUGH_BYTES = 16 * 1024;

/**
 * Sends the updates of all subscriptions of one socket, small ones of one turn of the event loop in one piece, and tells
 * the subscriptions when there is room again.
 */
export class WsOutlet {
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  readonly #outbox: Outbox;
  /** Frames, a character a byte. */
  #held = '';
  #behind = false;
  #waiting: (() => void)[] = [];

  /** @param stream what the socket writes to */
  constructor(socket: WebSocket, stream: Duplex, outbox: Outbox) {
    this.#socket = socket;
    this.#stream = stream;
    this.#outbox = outbox;
  }

  /** Whether the client has too much to read: what is to be sent should wait for `onRoom`. */
  get isBehind(): boolean {
    return this.#behind;
  }

  /**
   * @param message as of `bytesOf`
   * @returns false when the client is behind: the next one should wait for `onRoom`
   */
  send(message: string): boolean {
    if (this.#held === '') this.#outbox.add(this);
    this.#held += frameOf(message);
    // However much comes in one turn, no text is to grow longer than V8 lets texts be.
    if (this.#held.length > ENOUGH_BYTES) this.flush();
    return !this.#behind;
  }

  /** Calls back once, when what was sent is with the system. */
  onRoom(listener: () => void): void {
    this.#waiting.push(listener);
  }

  /** Sends what is held back for the end of the turn. Whatever else is sent has to come after it. */
  flush(): void {
    const held = this.#held;
    if (held === '') return;
    this.#held = '';
    if (this.#socket.readyState !== this.#socket.OPEN) return this.#wake();
    const isFull = this.#stream.writableLength + held.length > ENOUGH_BYTES;
    if (isFull) this.#sendAndWait(held);
    else this.#stream.write(held, 'latin1');
  }

  #sendAndWait(frames: string): void {
    const socket = this.#socket;
    this.#behind = true;
    this.#stream.write(frames, 'latin1', (error) => {
      // There is nobody to tell any more, and what was open ends with the socket.
      if (error != null) socket.terminate();
      listenAgain(socket);
      this.#behind = false;
      this.#wake();
    });
    holdBack(socket);
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const listener of waiting) listener();
  }
}

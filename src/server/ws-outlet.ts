import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Outbox } from './outbox.ts';
import { sendText, type Text } from './ws-frame.ts';
import { holdBack, listenAgain } from './ws-socket.ts';

/** Bytes that a client may leave unread before its subscriptions hold their updates back. */
const ENOUGH_BYTES = 16 * 1024;

/**
 * Sends the updates of all subscriptions of one socket, those of one turn of the event loop in one piece, and tells the
 * subscriptions when there is room again.
 */
export class WsOutlet {
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  readonly #outbox: Outbox;
  #held: Text[] | null = null;
  #heldBytes = 0;
  /** Whether the client has too much to read. */
  #behind = false;
  #waiting: (() => void)[] = [];

  /** @param stream what the socket writes to */
  constructor(socket: WebSocket, stream: Duplex, outbox: Outbox) {
    this.#socket = socket;
    this.#stream = stream;
    this.#outbox = outbox;
  }

  /** @returns false when the client is behind: the next one should wait for `onRoom` */
  send(message: Text): boolean {
    if (this.#held === null) {
      this.#held = [message];
      this.#outbox.add(this);
    } else this.#held.push(message);
    this.#heldBytes += message.text.length;
    return !this.#behind && this.#heldBytes <= ENOUGH_BYTES;
  }

  /** Calls back once, when what was sent is with the system. */
  onRoom(listener: () => void): void {
    this.#waiting.push(listener);
  }

  /** Sends what is held back for the end of the turn. Whatever else is sent has to come after it. */
  flush(): void {
    const held = this.#held;
    if (held === null) return;
    const stream = this.#stream;
    const isFull = stream.writableLength + this.#heldBytes > ENOUGH_BYTES;
    this.#held = null;
    this.#heldBytes = 0;
    const last = held.pop();
    if (last === undefined || this.#socket.readyState !== this.#socket.OPEN) return this.#wake();
    if (held.length > 0) stream.cork();
    for (const message of held) sendText(this.#socket, stream, message);
    if (isFull) this.#sendAndWait(last);
    else sendText(this.#socket, stream, last);
    if (held.length > 0) stream.uncork();
  }

  #sendAndWait(message: Text): void {
    const socket = this.#socket;
    this.#behind = true;
    sendText(socket, this.#stream, message, (error) => {
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

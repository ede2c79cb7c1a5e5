import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Corks } from './corks.ts';
import { sendText, type Text } from './ws-frame.ts';
import { holdBack, listenAgain } from './ws-socket.ts';

/** Bytes that a client may leave unread before its subscriptions hold their updates back. */
const ENOUGH_BYTES = 16 * 1024;

/**
 * Sends the updates of all subscriptions of one socket, those of one moment in one piece, and tells the subscriptions
 * when there is room again.
 */
export class WsOutlet {
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  readonly #corks: Corks;
  #waiting: (() => void)[] = [];

  /** @param stream what the socket writes to */
  constructor(socket: WebSocket, stream: Duplex, corks: Corks) {
    this.#socket = socket;
    this.#stream = stream;
    this.#corks = corks;
  }

  /** @returns false when the client is behind: the next one should wait for `onRoom` */
  send(message: Text): boolean {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return true;
    this.#corks.hold(this.#stream);
    if (socket.bufferedAmount + message.text.length <= ENOUGH_BYTES) {
      sendText(socket, this.#stream, message);
      return true;
    }
    sendText(socket, this.#stream, message, (error) => {
      // There is nobody to tell any more, and what was open ends with the socket.
      if (error != null) socket.terminate();
      listenAgain(socket);
      this.#wake();
    });
    holdBack(socket);
    return false;
  }

  /** Calls back once, when what was sent is with the system. */
  onRoom(listener: () => void): void {
    this.#waiting.push(listener);
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const listener of waiting) listener();
  }
}

import type { WebSocket } from 'ws';
import { holdBack, listenAgain } from './ws-socket.ts';

/** Sends the messages of all subscriptions of one socket, and tells them when it has room again. */
export class WsOutlet {
  readonly #socket: WebSocket;
  #waiting: (() => void)[] = [];
  readonly #sent: (error?: Error | null) => void;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    // One for all messages, since each closure would cost as much as the message.
    this.#sent = (error) => {
      // There is nobody to tell any more, and what was open ends with the socket.
      if (error != null) socket.terminate();
      listenAgain(socket);
      if (this.#waiting.length > 0 && socket.bufferedAmount === 0) this.#wake();
    };
  }

  /** @returns false when the message is not yet with the system: the next one should wait for `onRoom` */
  send(message: string): boolean {
    if (this.#socket.readyState !== this.#socket.OPEN) return true;
    this.#socket.send(message, this.#sent);
    if (this.#socket.bufferedAmount === 0) return true;
    holdBack(this.#socket);
    return false;
  }

  /** Calls back once, when all that was sent is with the system. */
  onRoom(listener: () => void): void {
    this.#waiting.push(listener);
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const listener of waiting) listener();
  }
}

import type { WebSocket } from 'ws';
import { pauseReading, resumeReading } from './socket-writer.ts';

/** A socket that answers no ping for this long is dead. */
const PING_MS = 30_000;

/** Pings all sockets by one timer, which runs while there are any, and terminates those that do not answer. */
export class Heartbeat {
  readonly #sockets = new Set<WebSocket>();
  /** Those whose last ping is still to be answered. */
  readonly #asked = new Set<WebSocket>();
  #timer: NodeJS.Timeout | undefined;

  /** Watches a socket until it closes, and answers its pings. */
  watch(socket: WebSocket): void {
    this.#sockets.add(socket);
    this.#timer ??= setInterval(() => this.#beat(), PING_MS);
    socket.on('pong', () => this.#asked.delete(socket));
    socket.on('ping', (data: Buffer) => {
      socket.pong(data, false, () => resumeReading(socket));
      pauseReading(socket);
    });
    socket.once('close', () => this.#leave(socket));
  }

  #leave(socket: WebSocket): void {
    this.#sockets.delete(socket);
    this.#asked.delete(socket);
    if (this.#sockets.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** One that has much to read can't answer before it has read that, and is cut elsewhere when it does not read. */
  #beat(): void {
    for (const socket of this.#sockets) {
      if (socket.bufferedAmount > 0) this.#asked.delete(socket);
      else if (this.#asked.has(socket)) socket.terminate();
      else {
        this.#asked.add(socket);
        socket.ping();
      }
    }
  }
}

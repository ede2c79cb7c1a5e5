import type { WebSocket } from 'ws';

/** A socket that answers no ping for this long is dead. */
const PING_MS = 30_000;
/** What a client may leave unread before it is no longer listened to. */
const MAX_UNREAD_BYTES = 1024 * 1024;

/** Resolves once the bytes are handed to the system, so that a slow socket holds its subscriptions back. */
export function send(socket: WebSocket, data: string): Promise<void> {
  return new Promise((resolve) => {
    if (socket.readyState !== socket.OPEN) return resolve();
    socket.send(data, (error) => {
      // There is nobody to tell any more, and what was open ends with the socket.
      if (error != null) socket.terminate();
      listenAgain(socket);
      resolve();
    });
    holdBack(socket);
  });
}

/**
 * Answers pings, and terminates the socket when its own are not answered.
 *
 * One that has much to read can't answer before it has read that, and is cut elsewhere when it does not read.
 */
export function keepAlive(socket: WebSocket): void {
  let alive = true;
  const ping = setInterval(() => {
    if (socket.bufferedAmount > 0) {
      alive = true;
      return;
    }
    if (!alive) return socket.terminate();
    alive = false;
    socket.ping();
  }, PING_MS);
  socket.on('pong', () => {
    alive = true;
  });
  socket.on('ping', (data: Buffer) => {
    socket.pong(data, false, () => listenAgain(socket));
    holdBack(socket);
  });
  socket.once('close', () => clearInterval(ping));
}

/** Whoever asks without reading the answers would fill the memory with them. */
export function holdBack(socket: WebSocket): void {
  if (socket.bufferedAmount > MAX_UNREAD_BYTES) socket.pause();
}

/** Listens to a client again that has read enough. */
export function listenAgain(socket: WebSocket): void {
  if (socket.isPaused && socket.bufferedAmount <= MAX_UNREAD_BYTES) socket.resume();
}

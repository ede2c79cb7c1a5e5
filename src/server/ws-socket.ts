import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { bytesOf, frameOf } from './ws-frame.ts';

/** What a client may leave unread before it is no longer listened to. */
const MAX_UNREAD_BYTES = 1024 * 1024;

/** RFC 6455, section 5.5: of a control frame's 125 bytes the close code takes two. */
const MAX_REASON_BYTES = 123;

/** Closes with as much of the reason as a close frame takes; graphql-ws puts ids of operations in it. */
export function close(socket: WebSocket, code: number, reason: string): void {
  const bytes = Buffer.from(reason).subarray(0, MAX_REASON_BYTES);
  socket.close(code, new TextDecoder().decode(bytes, { stream: true }));
}

/** Resolves once the bytes are handed to the system, so that a slow socket holds its subscriptions back. */
export function send(socket: WebSocket, stream: Duplex, data: string): Promise<void> {
  return new Promise((resolve) => {
    if (socket.readyState !== socket.OPEN) return resolve();
    stream.write(frameOf(bytesOf(data)), 'latin1', (error) => {
      // There is nobody to tell any more, and what was open ends with the socket.
      if (error != null) socket.terminate();
      listenAgain(socket);
      resolve();
    });
    holdBack(socket);
  });
}

/** Whoever asks without reading the answers would fill the memory with them. */
export function holdBack(socket: WebSocket): void {
  if (socket.bufferedAmount > MAX_UNREAD_BYTES) socket.pause();
}

/** Listens to a client again that has read enough. */
export function listenAgain(socket: WebSocket): void {
  if (socket.isPaused && socket.bufferedAmount <= MAX_UNREAD_BYTES) socket.resume();
}

import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** How much clients may leave unread. */
export interface SlowClientLimits {
  /** Milliseconds after which a client that reads nothing is disconnected; it may take up to twice as long. */
  readonly writeTimeoutMs: number;
  /** Unread bytes of all clients together. Above it the clients with the most unread bytes are disconnected. */
  readonly maxUnreadBytes: number;
}

const SWEEP_MS = 1000;

/**
 * Disconnects clients that do not read, WebSockets included, while the server listens: their unread data would fill the memory.
 *
 * @param answers the answers in progress
 */
export function guardSlowClients(
  server: Server,
  answers: ReadonlySet<ServerResponse>,
  { writeTimeoutMs, maxUnreadBytes }: SlowClientLimits,
): void {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('timeout', () => {
      if (socket.writableLength > 0) socket.destroy();
    });
  });
  server.once('listening', () => {
    const sweep = setInterval(() => {
      for (const socket of sockets) setWriteTimeout(socket, writeTimeoutMs);
      makeRoom(unreadBytes(sockets, answers), maxUnreadBytes);
    }, SWEEP_MS);
    server.once('close', () => clearInterval(sweep));
  });
}

/** Node's own timeout notices progress within a large write. It is set only while a client has something to read. */
function setWriteTimeout(socket: Socket, timeoutMs: number): void {
  const { timeout = 0, writableLength } = socket;
  if (timeout === 0 && writableLength > 0) socket.setTimeout(timeoutMs);
  else if (timeout === timeoutMs && writableLength === 0) socket.setTimeout(0);
}

function unreadBytes(
  sockets: ReadonlySet<Socket>,
  answers: ReadonlySet<ServerResponse>,
): Map<Socket, number> {
  const unread = new Map<Socket, number>();
  for (const socket of sockets) unread.set(socket, socket.writableLength);
  // Of pipelined requests, only the first has its answer in the socket.
  for (const { socket, writableLength, req } of answers) {
    if (socket === null) unread.set(req.socket, (unread.get(req.socket) ?? 0) + writableLength);
  }
  return unread;
}

function makeRoom(unread: ReadonlyMap<Socket, number>, maxBytes: number): void {
  let total = unread.values().reduce((sum, bytes) => sum + bytes, 0);
  if (total <= maxBytes) return;
  for (const [socket, bytes] of [...unread].toSorted(([, a], [, b]) => b - a)) {
    if (total <= maxBytes) return;
    socket.destroy();
    total -= bytes;
  }
}

import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** What clients may leave unread. */
export interface UnreadLimits {
  /** Milliseconds in which a client takes none of the bytes that wait for it, until it is cut; up to twice that. */
  readonly writeTimeoutMs: number;
  /** Bytes that may wait for all clients together; past it those are cut for whom the most waits. */
  readonly maxUnreadBytes: number;
}

const SWEEP_MS = 1000;

/**
 * Cuts clients that do not read, WebSockets included, as long as the server listens: what waits for them would fill
 * the memory.
 *
 * @param answers those under way
 */
export function watchUnread(
  server: Server,
  answers: ReadonlySet<ServerResponse>,
  { writeTimeoutMs, maxUnreadBytes }: UnreadLimits,
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

/** Node's own timeout knows how much of a large piece was taken. It is for those only that have something to read. */
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
  // Of requests that were sent in a row, only the first has its answer in the socket.
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

import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { isForm, MAX_BODY_BYTES } from './graphql/request-body.ts';

/** Timeouts of connections and requests, in milliseconds. */
export interface ConnectionTimes {
  /** For an idle connection. Longer than the timeout of load balancers, so that they are the ones that close. */
  readonly keepAliveMs: number;
  /** For the head of a request, from its first byte; for the first one from the opening of the connection. */
  readonly headersMs: number;
  /** For a whole request. `readBody` refuses a body that makes no progress long before. */
  readonly requestMs: number;
}

/** AWS load balancers keep idle connections for 60 s by default. A form of 10.5 MiB at the lowest allowed rate takes 702 s. */
export const CONNECTION_TIMES: ConnectionTimes = {
  keepAliveMs: 75_000,
  headersMs: 80_000,
  requestMs: 720_000,
};

/** How often Node looks for expired timeouts. Its default is 30 seconds. */
const CHECK_MS = 1000;

/** The timeouts as options of Node's server. */
export function timeoutOptions({ keepAliveMs, headersMs, requestMs }: ConnectionTimes): ServerOptions {
  return {
    keepAliveTimeout: keepAliveMs,
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: CHECK_MS,
  };
}

/**
 * Answers requests that time out or are not valid HTTP with a JSON error; Node's own answers are empty.
 *
 * @param answers the answers in progress
 */
export function answerClientErrors(server: Server, answers: ReadonlySet<ServerResponse>): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const isAnswering = answers.values().some(({ req, headersSent }) => req.socket === socket && headersSent);
    if (!socket.writable || isAnswering) {
      socket.destroy();
      return;
    }
    const { status, code, message } = REFUSALS[error.code ?? ''] ?? BAD_REQUEST;
    const body = JSON.stringify({ errors: [{ message, extensions: { code } }] });
    socket.once('finish', () => socket.destroy());
    socket.end(
      `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  });
}

const BAD_REQUEST = {
  status: '400 Bad Request',
  code: 'BAD_REQUEST',
  message: 'The request is not valid HTTP/1.1.',
};
const REFUSALS: Readonly<Record<string, typeof BAD_REQUEST>> = {
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: '408 Request Timeout',
    code: 'REQUEST_TIMEOUT',
    message: 'The request did not arrive in time. Send it again.',
  },
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    code: 'REQUEST_HEADERS_TOO_LARGE',
    message: 'The URL and the headers are longer than 16 KiB together.',
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    status: '413 Content Too Large',
    code: 'REQUEST_ENTITY_TOO_LARGE',
    message: 'The chunk extensions of the body are too long.',
  },
};

/** Bytes of all incomplete bodies together. Forms are counted by the upload slots. */
const MAX_ARRIVING_BYTES = 64 * 1024 * 1024;
/** Shorter bodies are not counted: most arrive in one piece. */
const SMALL_BYTES = 16 * 1024;
const BODY_SWEEP_MS = 200;

/**
 * Closes the connections with the oldest incomplete bodies when all incomplete bodies together take too much memory. A body of
 * 1 MiB may take a minute and a half, and a client may have many connections.
 */
export function boundArrivingBodies(server: Server): void {
  /** Bytes read from the connection before the body began. The oldest request is first. */
  const arriving = new Map<IncomingMessage, number>();
  server.on('request', (request) => {
    const length = Number(request.headers['content-length'] ?? (request.complete ? 0 : Infinity));
    if (length < SMALL_BYTES || isForm(request)) return;
    arriving.set(request, request.socket.bytesRead);
    request.once('close', () => arriving.delete(request));
  });
  server.once('listening', () => {
    const sweep = setInterval(() => {
      let held = arriving.entries().reduce((sum, [request, start]) => sum + heldBy(request, start), 0);
      for (const [request, start] of arriving) {
        if (held <= MAX_ARRIVING_BYTES) return;
        held -= heldBy(request, start);
        request.socket.destroy();
      }
    }, BODY_SWEEP_MS);
    server.once('close', () => clearInterval(sweep));
  });
}

function heldBy({ socket, complete }: IncomingMessage, start: number): number {
  return complete ? 0 : Math.min(MAX_BODY_BYTES, socket.bytesRead - start);
}

/** Limits on what clients may leave unread. */
export interface SlowClientLimits {
  /** Milliseconds after which a client that reads nothing is disconnected; it may take up to twice as long. */
  readonly writeTimeoutMs: number;
  /** Unread bytes of all clients together. Above it the clients with the most unread bytes are disconnected. */
  readonly maxUnreadBytes: number;
}

const CLIENT_SWEEP_MS = 1000;

/**
 * Disconnects clients that do not read, WebSockets included: their unread data would fill the memory.
 *
 * @param answers the answers in progress
 * @param onSlow called before a client is disconnected
 */
export function guardSlowClients(
  server: Server,
  answers: ReadonlySet<ServerResponse>,
  { writeTimeoutMs, maxUnreadBytes }: SlowClientLimits,
  onSlow: (socket: Socket) => void,
): void {
  const disconnect = (socket: Socket) => {
    onSlow(socket);
    socket.destroy();
  };
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('timeout', () => {
      if (socket.writableLength > 0) disconnect(socket);
    });
  });
  server.once('listening', () => {
    const sweep = setInterval(() => {
      for (const socket of sockets) setWriteTimeout(socket, writeTimeoutMs);
      makeRoom(unreadBytes(sockets, answers), maxUnreadBytes, disconnect);
    }, CLIENT_SWEEP_MS);
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
  // Of pipelined requests only the first answer is in the socket.
  for (const { socket, writableLength, req } of answers) {
    if (socket === null) unread.set(req.socket, (unread.get(req.socket) ?? 0) + writableLength);
  }
  return unread;
}

function makeRoom(
  unread: ReadonlyMap<Socket, number>,
  maxBytes: number,
  disconnect: (socket: Socket) => void,
): void {
  let total = unread.values().reduce((sum, bytes) => sum + bytes, 0);
  if (total <= maxBytes) return;
  for (const [socket, bytes] of [...unread].toSorted(([, a], [, b]) => b - a)) {
    if (total <= maxBytes) return;
    disconnect(socket);
    total -= bytes;
  }
}

import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { isForm } from './uploads/multipart.ts';
import { MAX_BODY_BYTES } from './graphql/request-body.ts';

/** Timeouts of connections and requests, in milliseconds. */
export interface ConnectionTimes {
  /** For an idle connection. Longer than the timeout of load balancers, so that they are the ones that close. */
  readonly keepAliveMs: number;
  /** For the head of a request. Must be longer than `keepAliveMs`. */
  readonly headersMs: number;
  /** For a whole request. `readBody` refuses a body that makes no progress long before. */
  readonly requestMs: number;
}

/** AWS load balancers keep idle connections for 60 s by default; a form of 10.5 MiB at the slowest rate that is allowed takes 702 s. */
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
/** Shorter bodies mostly arrive in one piece and are not counted. */
const SMALL_BYTES = 16 * 1024;
const SWEEP_MS = 200;

/**
 * Closes the connections with the oldest incomplete bodies when all of these hold too much memory: a body of 1 MiB may take a
 * minute and a half, and a client may have many connections.
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
    }, SWEEP_MS);
    server.once('close', () => clearInterval(sweep));
  });
}

function heldBy({ socket, complete }: IncomingMessage, start: number): number {
  return complete ? 0 : Math.min(MAX_BODY_BYTES, socket.bytesRead - start);
}

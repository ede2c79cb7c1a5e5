import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { handleProtocols } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Authenticator } from '../../auth/authenticator.ts';
import type { Clock } from '../../domain/clock.ts';
import { validTraceparent } from '../../domain/traceparent.ts';
import { emitFault } from '../../events/emit-fault.ts';
import type { EventEmitter } from '../../events/gateway-events.ts';
import type { Operations } from '../../operations/operations.ts';
import type { OwnerStreams } from '../owner-streams.ts';
import { IncomingFrames } from './incoming-frames.ts';
import { PendingSockets, SocketSession } from './session.ts';
import { FlushScheduler, SocketWriter, pauseReading, resumeReading, closeSocket } from './socket-writer.ts';
import { GraphQLSocket } from './socket.ts';

/** Options of the WebSocket endpoint. */
export interface WebSocketOptions {
  readonly operations: Operations;
  readonly authenticator: Authenticator;
  readonly streams: OwnerStreams;
  readonly clock: Clock;
  /** Operations that one socket may have in progress. */
  readonly maxOperations: number;
  /** The gateway's URL for the client of an upgrade. */
  readonly baseUrlOf: (request: IncomingMessage) => string;
  readonly events: EventEmitter;
}

const MAX_FRAME_BYTES = 64 * 1024;
/** Milliseconds in which a client has to send `connection_init`, before it is closed with 4408. */
const INIT_TIMEOUT_MS = 3000;
/** Sockets at a time without `connection_init`. */
const MAX_PENDING = 1000;
/** Sockets at a time without a caller. */
const MAX_UNAUTHENTICATED = 100;
/** Fragments of one message. Browsers and common libraries rarely fragment messages. */
const MAX_FRAGMENTS = 32;
/** Chunks in which one frame may arrive: a chunk takes more memory than its bytes. */
const MAX_PIECES = 256;
/** Milliseconds for a client to answer a close frame before it is terminated. Missing in the types of ws. */
const CLOSING = { closeTimeout: 3000 };
/** Limits of the `connection_init` message. A token that fits into a header fits into it. */
const INIT_LIMITS = { maxBytes: 16 * 1024, timeoutMs: INIT_TIMEOUT_MS };
/** Limits of later messages: a payload of MAX_FRAME_BYTES, with control frames between its fragments. */
const MESSAGE_LIMITS = { maxBytes: 2 * MAX_FRAME_BYTES, timeoutMs: 30_000 };
/** WebSocket close code for "service restart": clients reconnect. After `complete` they would not. */
const SERVICE_RESTART = 1012;

/** A client can close with any code: the others count as a lost connection. */
const CLOSE_CODES: ReadonlySet<number> = new Set([
  1000,
  1001,
  1002,
  1005,
  1008,
  1009,
  1011,
  SERVICE_RESTART,
  1013,
  4400,
  4401,
  4403,
  4406,
  4408,
  4409,
  4429,
  4500,
]);
const ABNORMAL = 1006;

/** GraphQL over WebSocket (graphql-transport-ws): accepts sockets and limits their resources. */
export class WebSocketEndpoint {
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    maxFragments: MAX_FRAGMENTS,
    maxBufferedChunks: MAX_PIECES,
    ...CLOSING,
    perMessageDeflate: false,
    autoPong: false,
    // Handles one message per turn of the event loop, also when many arrive in one chunk.
    allowSynchronousEvents: false,
    // Any other subprotocol is accepted as well, and closed with a reason: a browser shows no page why an upgrade failed.
    handleProtocols: (offered) => handleProtocols(offered) || firstOf(offered),
  });
  readonly #options: WebSocketOptions;
  readonly #heartbeat = new Heartbeat();
  readonly #scheduler = new FlushScheduler();
  readonly #pending = new PendingSockets(MAX_PENDING);
  readonly #unauthenticated = new PendingSockets(MAX_UNAUTHENTICATED);

  constructor(options: WebSocketOptions) {
    this.#options = options;
  }

  /** Number of open sockets. */
  get size(): number {
    return this.#server.clients.size;
  }

  /**
   * Completes the upgrade of a connection and serves the WebSocket.
   *
   * @returns false when the request is no valid upgrade: it has been answered with 400
   */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    let isValid = false;
    this.#server.handleUpgrade(request, socket, head, (client) => {
      isValid = true;
      this.#serve(client, socket, request);
    });
    return isValid;
  }

  /** Tells every client to reconnect, to another instance or after the restart. */
  drain(): void {
    this.#scheduler.flush();
    for (const client of this.#server.clients) client.close(SERVICE_RESTART, 'Service restart');
  }

  /** Terminates all open sockets. */
  terminate(): void {
    for (const client of this.#server.clients) client.terminate();
  }

  #serve(client: WebSocket, stream: Duplex, request: IncomingMessage): void {
    const { authenticator, streams, clock, events, baseUrlOf, operations, maxOperations } = this.#options;
    const frames = new IncomingFrames(client, stream, INIT_LIMITS);
    const admitted = this.#pending.add(() => client.terminate());
    const socket = new GraphQLSocket({
      protocol: client.protocol,
      writer: new SocketWriter(client, stream, this.#scheduler),
      openSession: (opened) =>
        new SocketSession({
          authenticator,
          streams,
          unauthenticated: this.#unauthenticated,
          clock,
          header: request.headers.authorization,
          close: (code, reason) => opened.close(code, reason),
          busy: () => opened.isBusy,
        }),
      operations,
      baseUrl: baseUrlOf(request),
      traceparent: validTraceparent(request.headers['traceparent']),
      maxOperations,
      initTimeoutMs: INIT_TIMEOUT_MS,
      onInit: () => frames.setLimits(MESSAGE_LIMITS),
      onAcknowledged: admitted,
      events,
    });
    client.on('message', (data: Buffer) => socket.receive(data.toString()));
    this.#heartbeat.watch(client);
    // Frames that break the protocol or a limit. ws itself closes the socket with the right code.
    client.on('error', (err) =>
      emitFault(events, 'server', 'debug', 'a WebSocket client broke the protocol', { err }),
    );
    client.once('close', (code: number) => {
      admitted();
      socket.closed();
      events.emit('socket:close', { code: CLOSE_CODES.has(code) ? code : ABNORMAL, open: this.size });
    });
    events.emit('socket:open', { code: null, open: this.size });
  }
}

/** Milliseconds between pings. A socket that does not answer in this time is terminated. */
const PING_MS = 30_000;

/** Pings all sockets by one timer and terminates those that do not answer. */
class Heartbeat {
  readonly #sockets = new Set<WebSocket>();
  /** Sockets that have not answered the last ping. */
  readonly #unanswered = new Set<WebSocket>();
  #timer: NodeJS.Timeout | undefined;

  /** Watches a socket until it closes, and answers its pings. */
  watch(socket: WebSocket): void {
    this.#sockets.add(socket);
    this.#timer ??= setInterval(() => this.#pingAll(), PING_MS);
    socket.on('pong', () => this.#unanswered.delete(socket));
    socket.on('ping', (data: Buffer) => {
      socket.pong(data, false, () => resumeReading(socket));
      pauseReading(socket);
    });
    socket.once('close', () => this.#leave(socket));
  }

  #leave(socket: WebSocket): void {
    this.#sockets.delete(socket);
    this.#unanswered.delete(socket);
    if (this.#sockets.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** A client with unread data reads it before the ping, so it is not terminated here. The slow-client guard disconnects it. */
  #pingAll(): void {
    for (const socket of this.#sockets) {
      if (socket.bufferedAmount > 0) this.#unanswered.delete(socket);
      else if (this.#unanswered.has(socket)) socket.terminate();
      else {
        this.#unanswered.add(socket);
        socket.ping();
      }
    }
  }
}

/**
 * WebSocket close code for "policy violation". Clients with graphql-ws stop; after 4403, and after an upgrade that
 * is refused by HTTP, they retry as often as they are configured to.
 */
export const POLICY_VIOLATION = 1008;
/** Milliseconds for the client to answer the close frame. */
const CLOSE_TIMEOUT_MS = 1000;

const server = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  maxPayload: 1024,
  perMessageDeflate: false,
  // Without one of its protocols a browser hides the close reason.
  handleProtocols: firstOf,
});

/**
 * Completes an upgrade and closes the WebSocket with 1008 and a reason: browsers hide HTTP answers to upgrades from pages.
 *
 * @returns false when the request is no valid upgrade: it has been answered with 400
 */
export function rejectUpgrade(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  reason: string,
): boolean {
  let isValid = false;
  server.handleUpgrade(request, socket, head, (client) => {
    isValid = true;
    client.on('error', () => client.terminate());
    const timer = setTimeout(() => client.terminate(), CLOSE_TIMEOUT_MS);
    client.once('close', () => clearTimeout(timer));
    closeSocket(client, POLICY_VIOLATION, reason);
  });
  return isValid;
}

function firstOf([first]: ReadonlySet<string>): string | false {
  return first ?? false;
}

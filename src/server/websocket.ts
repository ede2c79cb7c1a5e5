import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ExecutionArgs } from 'graphql';
import { CloseCode, handleProtocols, makeServer } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Authenticator } from '../auth/authenticator.ts';
import type { Clock } from '../domain/clock.ts';
import type { Documents } from './document/documents.ts';
import { Heartbeat } from './heartbeat.ts';
import { IncomingFrames } from './incoming-frames.ts';
import { OpeningOrder } from './opening-order.ts';
import { Outbox } from './outbox.ts';
import type { OwnerStreams } from './owner-streams.ts';
import { PendingSockets } from './pending-sockets.ts';
import type { SharedPayloads } from './shared-payloads.ts';
import type { TrustedDocuments } from './trusted-documents.ts';
import { formatErrors, formatResult } from './ws-errors.ts';
import { isNext, isServersOwn } from './ws-messages.ts';
import { prepare, rootOf } from './ws-operation.ts';
import { WsOperations } from './ws-operations.ts';
import { WsSession } from './ws-session.ts';
import { WsFeed } from './ws-feed.ts';
import { WsOutlet } from './ws-outlet.ts';
import { close, send } from './ws-socket.ts';
import type { Yoga } from './yoga.ts';

/** What the WebSocket endpoint tells. */
export interface WebSocketLog {
  debug(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** What the WebSocket endpoint works with. */
export interface WebSocketOptions {
  readonly yoga: Yoga;
  readonly authenticator: Authenticator;
  readonly streams: OwnerStreams;
  readonly clock: Clock;
  /** The only documents that are run; null: any. */
  readonly trusted: TrustedDocuments | null;
  readonly documents: Documents;
  readonly payloads: SharedPayloads;
  /** Operations that one socket may have in progress. */
  readonly maxOperations: number;
  /** The gateway's URL for the client of an upgrade. */
  readonly baseUrlOf: (request: IncomingMessage) => string;
  readonly log: WebSocketLog;
}

/** What belongs to one socket. */
interface Connection {
  /** The gateway's URL for the client. */
  readonly baseUrl: string;
  readonly session: WsSession;
  readonly order: OpeningOrder;
  readonly outlet: WsOutlet;
  readonly operations: WsOperations;
  /** To be called when `connection_init` has arrived. */
  readonly initiated: () => void;
  /** To be called when the client is admitted, with a token or without. */
  readonly admitted: () => void;
}

const MAX_FRAME_BYTES = 64 * 1024;
/** Milliseconds in which a client has to send `connection_init`, before it is closed with 4408. */
const INIT_TIMEOUT_MS = 3000;
/** Sockets at a time without `connection_init`. */
const MAX_PENDING = 1000;
/** Sockets at a time that have not said whose they are. */
const MAX_NAMELESS = 100;
/** Fragments of one message. Browsers and the usual libraries send few messages in more than one. */
const MAX_FRAGMENTS = 32;
/** Pieces in which one frame may arrive: each takes more memory than its bytes. */
const MAX_PIECES = 256;
/** Milliseconds for a client to answer a close frame before it is terminated. Its types do not know it. */
const CLOSING = { closeTimeout: 3000 };
/** Of the message with `connection_init`. A token that fits into a request's header fits into it. */
const INIT_LIMITS = { maxBytes: 16 * 1024, timeoutMs: INIT_TIMEOUT_MS };
/** Of a message after it: a payload of MAX_FRAME_BYTES with all that may stand between its fragments. */
const MESSAGE_LIMITS = { maxBytes: 2 * MAX_FRAME_BYTES, timeoutMs: 30_000 };
/** WebSocket close code for "service restart": clients connect again. `complete` would tell them that it is over. */
const SERVICE_RESTART = 1012;

/** GraphQL over WebSocket (graphql-transport-ws), with the endpoint's own rules for documents, context and errors. */
export class WebSocketEndpoint {
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    maxFragments: MAX_FRAGMENTS,
    maxBufferedChunks: MAX_PIECES,
    ...CLOSING,
    perMessageDeflate: false,
    autoPong: false,
    // A message to a turn: of many in one piece, those before each are done as far as they can be.
    allowSynchronousEvents: false,
    handleProtocols,
  });
  readonly #graphql: ReturnType<typeof makeServer<Record<string, unknown>, Connection>>;
  readonly #options: WebSocketOptions;
  readonly #heartbeat = new Heartbeat();
  readonly #outbox = new Outbox();
  readonly #pending = new PendingSockets(MAX_PENDING);
  readonly #nameless = new PendingSockets(MAX_NAMELESS);

  constructor(options: WebSocketOptions) {
    const { yoga, trusted, documents, payloads } = options;
    this.#options = options;
    this.#graphql = makeServer({
      connectionInitWaitTimeout: INIT_TIMEOUT_MS,
      execute: (args) => rootOf(args).execute(args),
      subscribe: (args) => rootOf(args).subscribe(args),
      onConnect: async ({ extra: { session, initiated, admitted }, connectionParams }) => {
        initiated();
        const isAdmitted = await session.begin(connectionParams);
        if (isAdmitted) admitted();
        return isAdmitted;
      },
      onSubscribe: async ({ extra }, id, params) => {
        const { operations, session } = extra;
        const turn = extra.order.enter(params.query);
        const refused = operations.begin(params, id);
        if (refused !== null) {
          turn.opened();
          return [refused];
        }
        const caller = () => session.callerOf(params);
        const { baseUrl } = extra;
        const args = await prepare(yoga, { caller, baseUrl, params, trusted, documents, payloads, turn });
        if ('schema' in args) {
          const { answer } = rootOf(args);
          if (answer !== null) operations.hold(params, answer);
          return args;
        }
        turn.opened();
        return operations.end(params) ?? args;
      },
      onOperation: ({ extra, subscriptions }, id, payload, args, result) => {
        const { operations } = extra;
        if (isIterator(result)) operations.opened(payload, result);
        const superseded = operations.superseded(payload);
        if (superseded === null && isIterator(result) && id in subscriptions) this.#feed(extra, id, args);
        return superseded ?? undefined;
      },
      onNext: ({ extra }, _id, payload, _args, result) =>
        extra.operations.superseded(payload) ?? formatResult(result),
      onError: ({ extra }, _id, payload, errors) => extra.operations.end(payload) ?? formatErrors(errors),
      onComplete: ({ extra }, _id, payload) => extra.operations.end(payload) ?? undefined,
      onClose: async ({ extra }) => {
        extra.session.end();
        await extra.operations.returnAll();
      },
    });
  }

  /** How many sockets are open. */
  get size(): number {
    return this.#server.clients.size;
  }

  /** Takes over a connection that asked to be upgraded. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, socket, head, (client) => this.#serve(client, socket, request));
  }

  /** Asks every client to come back later, to another instance or to the next one here. */
  drain(): void {
    this.#outbox.flush();
    for (const client of this.#server.clients) client.close(SERVICE_RESTART, 'Service restart');
  }

  /** Cuts what is still open. */
  terminate(): void {
    for (const client of this.#server.clients) client.terminate();
  }

  /** Has a subscription's updates sent. */
  #feed({ outlet, session }: Connection, id: string, args: ExecutionArgs): void {
    const { quiet, text, caller, baseUrl } = rootOf(args);
    if (quiet === null) return;
    const { payloads } = this.#options;
    const audience = payloads.join(text, args, caller, baseUrl);
    // For as long as the subscription lasts graphql-ws holds what it was begun with.
    Object.assign(args, { contextValue: null, rootValue: null, document: null });
    quiet.feed.pipe(new WsFeed({ id, quiet, audience, payloads, outlet, session }));
  }

  #serve(socket: WebSocket, stream: Duplex, request: IncomingMessage): void {
    const { authenticator, streams, clock, log, baseUrlOf } = this.#options;
    const outlet = new WsOutlet(socket, stream, this.#outbox);
    const end = (code: number, reason: string) => {
      outlet.flush();
      close(socket, code, reason);
    };
    const frames = new IncomingFrames(socket, stream, INIT_LIMITS);
    const initiated = () => frames.setLimits(MESSAGE_LIMITS);
    const admitted = this.#pending.add(() => socket.terminate());
    const operations = new WsOperations(this.#options.maxOperations);
    const session = new WsSession({
      authenticator,
      streams,
      nameless: this.#nameless,
      clock,
      header: request.headers.authorization,
      close: end,
      busy: () => operations.size > 0,
    });
    const closed = this.#graphql.opened(
      {
        protocol: socket.protocol,
        send: (data) => {
          outlet.flush();
          const sent = send(socket, stream, data);
          // An answer keeps its operation under way until it is with the system. Any other message of an operation is
          // its last: graphql-ws then forgets the id, and later it could forget the one that has used it again.
          return isNext(data) ? sent : undefined;
        },
        close: end,
        onMessage: (listener) => {
          socket.on('message', (data: Buffer) => {
            const text = data.toString();
            listener(text).catch((error: unknown) => {
              if (isServersOwn(text)) return end(CloseCode.BadRequest, 'Unexpected message received');
              log.error({ err: error }, 'a WebSocket message could not be handled');
              end(CloseCode.InternalServerError, 'Internal server error');
            });
          });
        },
      },
      {
        baseUrl: baseUrlOf(request),
        session,
        operations,
        order: new OpeningOrder(),
        outlet,
        initiated,
        admitted,
      },
    );
    this.#heartbeat.watch(socket);
    // Frames that break the protocol or the limit; ws closes the socket with the fitting code itself.
    socket.on('error', (error) => log.debug({ err: error }, 'a WebSocket client broke the protocol'));
    socket.once('close', (code, reason) => {
      admitted();
      closed(code, reason.toString()).catch((error: unknown) => {
        log.error({ err: error }, 'a WebSocket could not be cleaned up');
      });
    });
  }
}

function isIterator(result: object): result is AsyncIterator<unknown> {
  return 'next' in result;
}

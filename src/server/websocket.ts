import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ExecutionArgs, GraphQLError } from 'graphql';
import { CloseCode, handleProtocols, makeServer } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import { maskError } from './mask-error.ts';
import type { Yoga } from './yoga.ts';

/** What the WebSocket endpoint tells. */
export interface WebSocketLog {
  debug(details: object, message: string): void;
  error(details: object, message: string): void;
}

const MAX_FRAME_BYTES = 64 * 1024;
/** A socket that answers no ping for this long is dead. */
const PING_MS = 30_000;
/** WebSocket close code for "service restart": clients connect again. `complete` would tell them that it is over. */
const SERVICE_RESTART = 1012;

/** GraphQL over WebSocket (graphql-transport-ws), with the endpoint's own rules for documents, context and errors. */
export class WebSocketEndpoint {
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    handleProtocols,
  });
  readonly #graphql: ReturnType<typeof makeServer<Record<string, unknown>, { request: IncomingMessage }>>;
  readonly #log: WebSocketLog;

  constructor(yoga: Yoga, log: WebSocketLog) {
    this.#log = log;
    this.#graphql = makeServer({
      execute: (args) => executorsOf(args).execute(args),
      subscribe: (args) => executorsOf(args).subscribe(args),
      onSubscribe: async ({ extra, connectionParams }, _id, params) => {
        try {
          const enveloped = yoga.getEnveloped({ request: extra.request, connectionParams, params });
          const document = enveloped.parse(params.query);
          const errors = enveloped.validate(enveloped.schema, document);
          if (errors.length > 0) return errors;
          return {
            schema: enveloped.schema,
            document,
            operationName: params.operationName,
            variableValues: params.variables,
            contextValue: await enveloped.contextFactory(),
            rootValue: { execute: enveloped.execute, subscribe: enveloped.subscribe },
          };
        } catch (error) {
          // Thrown further, one wrong document would close the socket and every subscription on it.
          return [maskError(error)];
        }
      },
    });
  }

  /** How many sockets are open. */
  get size(): number {
    return this.#server.clients.size;
  }

  /** Takes over a connection that asked to be upgraded. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, socket, head, (client) => this.#serve(client, request));
  }

  /** Asks every client to come back later, to another instance or to the next one here. */
  drain(): void {
    for (const client of this.#server.clients) client.close(SERVICE_RESTART, 'Service restart');
  }

  /** Cuts what is still open. */
  terminate(): void {
    for (const client of this.#server.clients) client.terminate();
  }

  #serve(socket: WebSocket, request: IncomingMessage): void {
    const closed = this.#graphql.opened(
      {
        protocol: socket.protocol,
        send: (data) => send(socket, data),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (listener) => {
          socket.on('message', (data: Buffer) => {
            listener(data.toString()).catch((error: unknown) => {
              this.#log.error({ err: error }, 'a WebSocket message could not be handled');
              socket.close(CloseCode.InternalServerError, 'Internal server error');
            });
          });
        },
      },
      { request },
    );
    let alive = true;
    const ping = setInterval(() => {
      if (!alive) return socket.terminate();
      alive = false;
      socket.ping();
    }, PING_MS);
    socket.on('pong', () => {
      alive = true;
    });
    // Frames that break the protocol or the limit; ws closes the socket with the fitting code itself.
    socket.on('error', (error) => this.#log.debug({ err: error }, 'a WebSocket client broke the protocol'));
    socket.once('close', (code, reason) => {
      clearInterval(ping);
      closed(code, reason.toString()).catch((error: unknown) => {
        this.#log.error({ err: error }, 'a WebSocket could not be cleaned up');
      });
    });
  }
}

/** Resolves once the bytes are handed to the system, so that a slow socket holds its subscriptions back. */
function send(socket: WebSocket, data: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.readyState !== socket.OPEN) resolve();
    else socket.send(data, (error) => (error == null ? resolve() : reject(error)));
  });
}

type Executors = Pick<ReturnType<Yoga['getEnveloped']>, 'execute' | 'subscribe'>;

/** The functions that onSubscribe put there, with the endpoint's plugins around them. */
function executorsOf(args: ExecutionArgs): Executors {
  const root: unknown = args.rootValue;
  if (isExecutors(root)) return root;
  throw new GraphQLError('The operation was not prepared.');
}

function isExecutors(root: unknown): root is Executors {
  return typeof root === 'object' && root !== null && 'execute' in root && 'subscribe' in root;
}

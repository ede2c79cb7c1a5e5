import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ExecutionArgs, getOperationAST, GraphQLError } from 'graphql';
import { CloseCode, handleProtocols, makeServer } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import { maskError } from './mask-error.ts';
import { formatErrors, formatResult } from './ws-errors.ts';
import { keepAlive, send } from './ws-socket.ts';
import type { Yoga } from './yoga.ts';

/** What the WebSocket endpoint tells. */
export interface WebSocketLog {
  debug(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** What belongs to one socket. */
interface Connection {
  readonly request: IncomingMessage;
  /** The open subscriptions, by the payload that asked for each: an id can be used again, a payload is one of its kind. */
  readonly feeds: Map<object, AsyncIterator<unknown>>;
}

const MAX_FRAME_BYTES = 64 * 1024;
/** WebSocket close code for "service restart": clients connect again. `complete` would tell them that it is over. */
const SERVICE_RESTART = 1012;

/** GraphQL over WebSocket (graphql-transport-ws), with the endpoint's own rules for documents, context and errors. */
export class WebSocketEndpoint {
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    autoPong: false,
    handleProtocols,
  });
  readonly #graphql: ReturnType<typeof makeServer<Record<string, unknown>, Connection>>;
  readonly #log: WebSocketLog;

  constructor(yoga: Yoga, log: WebSocketLog) {
    this.#log = log;
    this.#graphql = makeServer({
      execute: (args) => executorsOf(args).execute(args),
      subscribe: (args) => executorsOf(args).subscribe(args),
      onSubscribe: async ({ extra, connectionParams }, _id, params) => {
        try {
          // Not as `request`: Yoga would take the upgrade's GET for the operation's method and refuse mutations.
          const enveloped = yoga.getEnveloped({ upgrade: extra.request, connectionParams, params });
          const document = enveloped.parse(params.query);
          const errors = enveloped.validate(enveloped.schema, document);
          if (errors.length > 0) return errors;
          if (getOperationAST(document, params.operationName) == null) return [unresolved()];
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
      onOperation: ({ extra }, _id, payload, _args, result) => {
        if (isIterator(result)) extra.feeds.set(payload, result);
      },
      onNext: (_context, _id, _payload, _args, result) => formatResult(result),
      onError: (_context, _id, _payload, errors) => formatErrors(errors),
      onComplete: ({ extra }, _id, payload) => {
        extra.feeds.delete(payload);
      },
      onClose: async ({ extra }) => {
        // graphql-ws loses sight of one whose id was completed and used again before it had begun.
        for (const feed of extra.feeds.values()) await feed.return?.();
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
      { request, feeds: new Map() },
    );
    keepAlive(socket);
    // Frames that break the protocol or the limit; ws closes the socket with the fitting code itself.
    socket.on('error', (error) => this.#log.debug({ err: error }, 'a WebSocket client broke the protocol'));
    socket.once('close', (code, reason) => {
      closed(code, reason.toString()).catch((error: unknown) => {
        this.#log.error({ err: error }, 'a WebSocket could not be cleaned up');
      });
    });
  }
}

type Executors = Pick<ReturnType<Yoga['getEnveloped']>, 'execute' | 'subscribe'>;

/** The functions that onSubscribe put there, with the endpoint's plugins around them. */
function executorsOf(args: ExecutionArgs): Executors {
  const root: unknown = args.rootValue;
  if (isExecutors(root)) return root;
  throw new GraphQLError('The operation was not prepared.');
}

/** As Yoga says it over HTTP. */
function unresolved(): GraphQLError {
  return new GraphQLError('Could not determine what operation to execute.', {
    extensions: { code: 'OPERATION_RESOLUTION_FAILURE' },
  });
}

function isExecutors(root: unknown): root is Executors {
  return typeof root === 'object' && root !== null && 'execute' in root && 'subscribe' in root;
}

function isIterator(result: object): result is AsyncIterator<unknown> {
  return 'next' in result;
}

import { GraphQLError } from 'graphql';
import {
  CloseCode,
  GRAPHQL_TRANSPORT_WS_PROTOCOL,
  type Message,
  MessageType,
  parseMessage,
  type SubscribePayload,
} from 'graphql-ws';
import { emitFault } from '../../events/emit-fault.ts';
import type { EventEmitter } from '../../events/gateway-events.ts';
import type { Operations } from '../../operations/operations.ts';
import { byteString, formatErrors } from '../../operations/results.ts';
import type { SocketSession } from './session.ts';
import { type OperationSocket, SocketOperation, SubscriptionBarrier } from './socket-operation.ts';
import type { SocketWriter } from './socket-writer.ts';

/** The state of a socket. In `closed`, by the client or the server, messages that still arrive are ignored. */
type State = 'opened' | 'authenticating' | 'acknowledged' | 'closed';

type Action = 'authenticate' | 'pong' | 'subscribe' | 'complete' | 'ignore' | Closing;

/** The close code and reason. */
type Closing = readonly [code: number, reason: string];

const UNAUTHORIZED: Closing = [CloseCode.Unauthorized, 'Unauthorized'];
const TOO_MANY_INITS: Closing = [CloseCode.TooManyInitialisationRequests, 'Too many initialisation requests'];
/** Messages that only a server sends. */
const FROM_SERVER: Readonly<
  Record<MessageType.ConnectionAck | MessageType.Next | MessageType.Error, Closing>
> = {
  [MessageType.ConnectionAck]: [CloseCode.BadRequest, 'Unexpected message received'],
  [MessageType.Next]: [CloseCode.BadRequest, 'Unexpected message received'],
  [MessageType.Error]: [CloseCode.BadRequest, 'Unexpected message received'],
};

/** The action for each message of a client, in each state (graphql-transport-ws). */
const ACTIONS: Readonly<Record<State, Readonly<Record<MessageType, Action>>>> = {
  opened: {
    [MessageType.ConnectionInit]: 'authenticate',
    [MessageType.Ping]: 'pong',
    [MessageType.Pong]: 'ignore',
    [MessageType.Subscribe]: UNAUTHORIZED,
    [MessageType.Complete]: 'ignore',
    ...FROM_SERVER,
  },
  authenticating: {
    [MessageType.ConnectionInit]: TOO_MANY_INITS,
    [MessageType.Ping]: 'pong',
    [MessageType.Pong]: 'ignore',
    [MessageType.Subscribe]: UNAUTHORIZED,
    [MessageType.Complete]: 'ignore',
    ...FROM_SERVER,
  },
  acknowledged: {
    [MessageType.ConnectionInit]: TOO_MANY_INITS,
    [MessageType.Ping]: 'pong',
    [MessageType.Pong]: 'ignore',
    [MessageType.Subscribe]: 'subscribe',
    [MessageType.Complete]: 'complete',
    ...FROM_SERVER,
  },
  closed: {
    [MessageType.ConnectionInit]: 'ignore',
    [MessageType.Ping]: 'ignore',
    [MessageType.Pong]: 'ignore',
    [MessageType.Subscribe]: 'ignore',
    [MessageType.Complete]: 'ignore',
    [MessageType.ConnectionAck]: 'ignore',
    [MessageType.Next]: 'ignore',
    [MessageType.Error]: 'ignore',
  },
};

/** Of the library subscriptions-transport-ws. The library graphql-ws has the protocol graphql-transport-ws. */
const LEGACY_PROTOCOL = 'graphql-ws';
/** At most 123 bytes, see `closeSocket`. */
const WRONG_PROTOCOL =
  'The WebSocket subprotocol must be graphql-transport-ws. The legacy one, graphql-ws, is not supported.';

/** UTF-16 units of the id of an operation, which is kept and is repeated in each message. A UUID has 36. */
const MAX_ID_LENGTH = 256;

/** Options of a `GraphQLSocket`. */
export interface GraphQLSocketOptions {
  readonly protocol: string;
  readonly writer: SocketWriter;
  /** Creates the session; called once. */
  readonly openSession: (socket: GraphQLSocket) => SocketSession;
  readonly operations: Operations;
  /** The gateway's URL for the client. */
  readonly baseUrl: string;
  /** See `OperationSocket`. */
  readonly traceparent: string | null;
  /** How many operations may be in progress. */
  readonly maxOperations: number;
  /** Milliseconds in which the client has to send `connection_init`, before it is closed with 4408. */
  readonly initTimeoutMs: number;
  /** Called once, when `connection_init` arrives. */
  readonly onInit: () => void;
  /** Called once, when the client is acknowledged. */
  readonly onAcknowledged: () => void;
  readonly events: EventEmitter;
}

/** One socket of the protocol graphql-transport-ws. */
export class GraphQLSocket implements OperationSocket {
  readonly operations: Operations;
  readonly baseUrl: string;
  readonly traceparent: string | null;
  readonly writer: SocketWriter;
  readonly session: SocketSession;
  readonly barrier = new SubscriptionBarrier();
  readonly #options: GraphQLSocketOptions;
  readonly #initTimer: NodeJS.Timeout;
  #state: State = 'opened';
  /** Operations by id, until they are completed. */
  readonly #byId = new Map<string, SocketOperation>();
  /** All operations in progress, also those that the client has completed before they were open or answered. */
  readonly #running = new Set<SocketOperation>();

  constructor(options: GraphQLSocketOptions) {
    this.#options = options;
    this.operations = options.operations;
    this.baseUrl = options.baseUrl;
    this.traceparent = options.traceparent;
    this.writer = options.writer;
    this.session = options.openSession(this);
    this.#initTimer = setTimeout(
      () => this.close(CloseCode.ConnectionInitialisationTimeout, 'Connection initialisation timeout'),
      options.initTimeoutMs,
    );
    if (options.protocol !== GRAPHQL_TRANSPORT_WS_PROTOCOL) this.#refuseProtocol(options.protocol);
  }

  /** Whether an operation is in progress. */
  get isBusy(): boolean {
    return this.#running.size > 0;
  }

  /** Handles a message of the client. */
  receive(text: string): void {
    if (this.#state === 'closed') return;
    let message: Message;
    try {
      message = parseMessage(text);
    } catch {
      return this.close(CloseCode.BadRequest, 'Invalid message received');
    }
    const action = ACTIONS[this.#state][message.type];
    if (typeof action !== 'string') this.close(...action);
    else if (message.type === MessageType.ConnectionInit && action === 'authenticate')
      this.#authenticate(message.payload).catch((error: unknown) => this.failed(error));
    else if (message.type === MessageType.Ping && action === 'pong') this.#pong(message.payload);
    else if (message.type === MessageType.Subscribe && action === 'subscribe')
      this.#subscribe(message.id, message.payload);
    else if (message.type === MessageType.Complete && action === 'complete') this.#complete(message.id);
  }

  /** Closes the socket after the messages that were written. */
  close(code: number, reason: string): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearTimeout(this.#initTimer);
    this.writer.close(code, reason);
  }

  /** Called once, when the socket has closed. Ends all operations. */
  closed(): void {
    this.#state = 'closed';
    clearTimeout(this.#initTimer);
    this.session.end();
    for (const operation of this.#running) operation.disconnect();
    this.#byId.clear();
  }

  send(message: object): void {
    if (this.#state !== 'closed') this.writer.write(byteString(JSON.stringify(message)));
  }

  releaseId(operation: SocketOperation): void {
    if (this.#byId.get(operation.id) === operation) this.#byId.delete(operation.id);
  }

  finished(operation: SocketOperation): void {
    this.#running.delete(operation);
  }

  failed(error: unknown): void {
    emitFault(this.#options.events, 'server', 'error', 'a WebSocket message could not be handled', {
      err: error,
    });
    this.close(CloseCode.InternalServerError, 'Internal server error');
  }

  #refuseProtocol(protocol: string): void {
    // Clients of the legacy protocol show this message, but not the reason of the close frame.
    if (protocol === LEGACY_PROTOCOL)
      this.send({ type: 'connection_error', payload: { message: WRONG_PROTOCOL } });
    this.close(CloseCode.SubprotocolNotAcceptable, WRONG_PROTOCOL);
  }

  async #authenticate(params: unknown): Promise<void> {
    this.#state = 'authenticating';
    clearTimeout(this.#initTimer);
    this.#options.onInit();
    await this.session.begin(isRecord(params) ? params : undefined);
    if (this.#state !== 'authenticating') return;
    this.#state = 'acknowledged';
    this.#options.onAcknowledged();
    this.send({ type: MessageType.ConnectionAck });
  }

  #pong(payload: unknown): void {
    this.send(payload == null ? { type: MessageType.Pong } : { type: MessageType.Pong, payload });
  }

  #subscribe(id: string, params: SubscribePayload): void {
    const { maxOperations } = this.#options;
    if (id.length > MAX_ID_LENGTH)
      return this.close(
        CloseCode.BadRequest,
        `The id of an operation is longer than ${MAX_ID_LENGTH} characters`,
      );
    if (this.#byId.has(id))
      return this.close(CloseCode.SubscriberAlreadyExists, `Subscriber for ${id} already exists`);
    if (this.#running.size >= maxOperations) {
      // A result with errors: routers replace the errors of a message of type `error` by their own.
      const error = tooManyOperations(maxOperations);
      this.operations.refused([error], 'websocket');
      const payload = { errors: formatErrors([error]) };
      this.send({ id, type: MessageType.Next, payload });
      return this.send({ id, type: MessageType.Complete });
    }
    const operation = new SocketOperation(id, this);
    this.#byId.set(id, operation);
    this.#running.add(operation);
    operation.start(params);
  }

  #complete(id: string): void {
    const operation = this.#byId.get(id);
    if (operation === undefined) return;
    this.#byId.delete(id);
    operation.drop();
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function tooManyOperations(max: number): GraphQLError {
  return new GraphQLError(
    `This socket has ${max.toLocaleString('en')} operations in progress, which is the limit. Wait for one to end, or complete one.`,
    { extensions: { code: 'TOO_MANY_OPERATIONS' } },
  );
}

import { type ExecutionResult, GraphQLError } from 'graphql';
import {
  CloseCode,
  GRAPHQL_TRANSPORT_WS_PROTOCOL,
  type Message,
  MessageType,
  parseMessage,
  type SubscribePayload,
} from 'graphql-ws';
import type { Answer } from '../../graphql/answer-budget.ts';
import { byteString, formatErrors, formatResult, maskError } from '../../operations/results.ts';
import type { EventStream } from '../../operations/event-stream.ts';
import type { Operation } from '../../operations/operation.ts';
import { isRefused, isSubscription, type Operations } from '../../operations/operations.ts';
import type { SocketSession } from './session.ts';
import type { SocketWriter } from './socket-writer.ts';
import { type BarrierEntry, SubscriptionBarrier } from './subscription-barrier.ts';

/**
 * The life of a socket. It is closed when the client or the server has closed it; what still arrives then is ignored.
 */
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

/** What each message of a client leads to in each state (graphql-transport-ws). */
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

/** An operation in progress. */
interface SocketOperation {
  readonly id: string;
  /** Whether the client has completed it, or has gone: its results go nowhere. The client may use its id again. */
  isDropped: boolean;
  /** Set while a subscription is open. */
  stream: EventStream | null;
  /** The memory of a query's result, held until that is with the system. */
  answer: Answer | null;
}

/** What a socket works with. */
export interface GraphQLSocketOptions {
  readonly protocol: string;
  readonly writer: SocketWriter;
  /** Called once. */
  readonly openSession: (socket: GraphQLSocket) => SocketSession;
  readonly operations: Operations;
  /** The gateway's URL for the client. */
  readonly baseUrl: string;
  /** Operations in progress at a time. */
  readonly maxOperations: number;
  /** Milliseconds in which the client has to send `connection_init`, before it is closed with 4408. */
  readonly initTimeoutMs: number;
  /** Called once, when `connection_init` arrives. */
  readonly onInit: () => void;
  /** Called once, when the client is acknowledged. */
  readonly onAcknowledged: () => void;
  readonly log: { error(details: object, message: string): void };
}

/** One client's socket: the protocol graphql-transport-ws in front of the pipeline. */
export class GraphQLSocket {
  readonly #options: GraphQLSocketOptions;
  readonly #session: SocketSession;
  readonly #barrier = new SubscriptionBarrier();
  readonly #initTimer: NodeJS.Timeout;
  #state: State = 'opened';
  /** Those that were not completed. */
  readonly #byId = new Map<string, SocketOperation>();
  /** All in progress: also those that the client has completed before they were open or answered. */
  readonly #running = new Set<SocketOperation>();

  constructor(options: GraphQLSocketOptions) {
    this.#options = options;
    this.#session = options.openSession(this);
    this.#initTimer = setTimeout(
      () => this.close(CloseCode.ConnectionInitialisationTimeout, 'Connection initialisation timeout'),
      options.initTimeoutMs,
    );
    if (options.protocol !== GRAPHQL_TRANSPORT_WS_PROTOCOL)
      this.close(CloseCode.SubprotocolNotAcceptable, 'Subprotocol not acceptable');
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
      this.#authenticate(message.payload).catch((error: unknown) => this.#fail(error));
    else if (message.type === MessageType.Ping && action === 'pong') this.#pong(message.payload);
    else if (message.type === MessageType.Subscribe && action === 'subscribe')
      this.#subscribe(message.id, message.payload);
    else if (message.type === MessageType.Complete && action === 'complete') this.#complete(message.id);
  }

  /** Closes the socket, behind what was written. */
  close(code: number, reason: string): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearTimeout(this.#initTimer);
    this.#options.writer.close(code, reason);
  }

  /** Called once, when the socket has closed. Ends everything that was open. */
  closed(): void {
    this.#state = 'closed';
    clearTimeout(this.#initTimer);
    this.#session.end();
    for (const operation of this.#running) {
      this.#drop(operation);
      operation.answer?.release();
    }
    this.#byId.clear();
  }

  async #authenticate(params: unknown): Promise<void> {
    this.#state = 'authenticating';
    clearTimeout(this.#initTimer);
    this.#options.onInit();
    const isForbidden = !(await this.#session.begin(isRecord(params) ? params : undefined));
    if (this.#state !== 'authenticating') return;
    if (isForbidden) return this.close(CloseCode.Forbidden, 'Forbidden');
    this.#state = 'acknowledged';
    this.#options.onAcknowledged();
    this.#send({ type: MessageType.ConnectionAck });
  }

  #pong(payload: unknown): void {
    this.#send(payload == null ? { type: MessageType.Pong } : { type: MessageType.Pong, payload });
  }

  #subscribe(id: string, params: SubscribePayload): void {
    const { maxOperations } = this.#options;
    if (this.#byId.has(id))
      return this.close(CloseCode.SubscriberAlreadyExists, `Subscriber for ${id} already exists`);
    if (this.#running.size >= maxOperations) return this.#sendErrors(id, [tooManyOperations(maxOperations)]);
    const operation: SocketOperation = { id, isDropped: false, stream: null, answer: null };
    this.#byId.set(id, operation);
    this.#running.add(operation);
    this.#run(operation, params, this.#barrier.enter(params.query)).catch((error: unknown) => {
      this.#finish(operation);
      this.#fail(error);
    });
  }

  async #run(operation: SocketOperation, params: SubscribePayload, barrier: BarrierEntry): Promise<void> {
    const { operations, baseUrl } = this.#options;
    try {
      const asking = this.#session.callerOf(params);
      const caller = asking instanceof Promise ? await asking : asking;
      const preparing = operations.prepare({ params, caller, baseUrl });
      const prepared = preparing instanceof Promise ? await preparing : preparing;
      if (isRefused(prepared)) return this.#refuse(operation, prepared.errors);
      if (isSubscription(prepared)) return await this.#open(operation, prepared);
      barrier.opened();
      if (barrier.before !== null) await barrier.before;
      await this.#answer(operation, prepared);
    } catch (error) {
      // Only the token of an operation is refused by an exception.
      if (!(error instanceof GraphQLError)) throw error;
      this.#refuse(operation, [maskError(error)]);
    } finally {
      barrier.opened();
    }
  }

  async #open(operation: SocketOperation, prepared: Operation): Promise<void> {
    const { operations, writer } = this.#options;
    const stream = await operations.subscribe(prepared);
    const head = nextHead(operation.id);
    if (isRefused(stream)) {
      // As for a query: it was executed, with errors.
      if (!operation.isDropped) writer.write(`${head}${jsonOf(stream)}}`);
      return this.#end(operation);
    }
    if (operation.isDropped) {
      this.#running.delete(operation);
      await stream.return();
      return;
    }
    operation.stream = stream;
    stream.pipe({
      isBehind: () => writer.isBehind(),
      onReady: (listener) => writer.onReady(listener),
      write: ({ json }) => writer.write(`${head}${json}}`),
      end: (error) => {
        if (operation.isDropped) return;
        if (error === null) return this.#end(operation);
        // Clients take an error for the last word, but connect again after 4403.
        this.#session.closeIfExpired();
        this.#refuse(operation, [error]);
      },
    });
  }

  async #answer(operation: SocketOperation, prepared: Operation): Promise<void> {
    const { operations, writer } = this.#options;
    const { answer } = prepared.context;
    operation.answer = answer;
    const executing = operations.execute(prepared);
    const result = executing instanceof Promise ? await executing : executing;
    if (operation.isDropped) return this.#finish(operation);
    writer.write(`${nextHead(operation.id)}${jsonOf(result)}}`, () => this.#finish(operation));
    this.#end(operation);
  }

  /** Tells the client that an operation is over. */
  #end(operation: SocketOperation): void {
    const { id, isDropped, answer } = operation;
    this.#forget(operation);
    if (!isDropped) this.#send({ id, type: MessageType.Complete });
    // An answer is in progress until it is with the system.
    if (answer === null) this.#finish(operation);
  }

  #refuse(operation: SocketOperation, errors: readonly GraphQLError[]): void {
    if (!operation.isDropped) this.#sendErrors(operation.id, errors);
    this.#forget(operation);
    this.#finish(operation);
  }

  /** The client wants no more of an operation. */
  #complete(id: string): void {
    const operation = this.#byId.get(id);
    if (operation === undefined) return;
    this.#byId.delete(id);
    this.#drop(operation);
  }

  #drop(operation: SocketOperation): void {
    operation.isDropped = true;
    const { stream } = operation;
    if (stream === null) return;
    this.#running.delete(operation);
    stream.return().catch((error: unknown) => this.#fail(error));
  }

  #forget(operation: SocketOperation): void {
    if (this.#byId.get(operation.id) === operation) this.#byId.delete(operation.id);
  }

  #finish(operation: SocketOperation): void {
    operation.answer?.release();
    this.#running.delete(operation);
  }

  #sendErrors(id: string, errors: readonly GraphQLError[]): void {
    this.#send({ id, type: MessageType.Error, payload: formatErrors(errors) });
  }

  #send(message: object): void {
    if (this.#state !== 'closed') this.#options.writer.write(byteString(JSON.stringify(message)));
  }

  #fail(error: unknown): void {
    this.#options.log.error({ err: error }, 'a WebSocket message could not be handled');
    this.close(CloseCode.InternalServerError, 'Internal server error');
  }
}

/** The beginning of a `next` message, up to its payload. */
function nextHead(id: string): string {
  return byteString(`{"id":${JSON.stringify(id)},"type":"next","payload":`);
}

function jsonOf(result: ExecutionResult): string {
  return byteString(JSON.stringify(formatResult(result)));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function tooManyOperations(max: number): GraphQLError {
  return new GraphQLError(
    `There are ${max.toLocaleString('en')} operations in progress on this socket already. Wait for one to end, or complete one.`,
    { extensions: { code: 'TOO_MANY_OPERATIONS' } },
  );
}

import { type ExecutionResult, GraphQLError } from 'graphql';
import { MessageType, type SubscribePayload } from 'graphql-ws';
import { validTraceparent } from '../../domain/traceparent.ts';
import type { Answer } from '../../graphql/answer-budget.ts';
import type { EventSink, EventStream } from '../../operations/event-stream.ts';
import type { EventResult } from '../../operations/fan-out.ts';
import type { Operation } from '../../operations/operation.ts';
import { isRefused, isSubscription, type Operations } from '../../operations/operations.ts';
import { byteString, formatErrors, jsonOf, maskError } from '../../operations/results.ts';
import type { SocketSession } from './session.ts';
import type { SocketWriter } from './socket-writer.ts';

/** What an operation uses of its socket. */
export interface OperationSocket {
  readonly operations: Operations;
  /** The gateway's URL for the client. */
  readonly baseUrl: string;
  /** The trace of the upgrade request, for operations without one of their own; null: none. */
  readonly traceparent: string | null;
  readonly writer: SocketWriter;
  readonly session: SocketSession;
  readonly barrier: SubscriptionBarrier;
  send(message: object): void;
  /** The client may use the operation's id again. */
  releaseId(operation: SocketOperation): void;
  /** The operation is no longer in progress. */
  finished(operation: SocketOperation): void;
  /** Something failed unexpectedly: closes the socket. */
  failed(error: unknown): void;
}

/** One operation of a socket, from its `subscribe` message to its last result. A subscription is also the sink of its events. */
export class SocketOperation implements EventSink {
  readonly id: string;
  readonly #socket: OperationSocket;
  /** The beginning of each `next` message, up to its payload. */
  readonly #head: string;
  /** Whether the client has completed it or has disconnected: its results are not sent, and its id may be used again. */
  #isDropped = false;
  /** Set while a subscription is open. */
  #stream: EventStream | null = null;
  /** The memory of a query's result, held until the result is with the system. */
  #answer: Answer | null = null;

  constructor(id: string, socket: OperationSocket) {
    this.id = id;
    this.#socket = socket;
    this.#head = byteString(`{"id":${JSON.stringify(id)},"type":"next","payload":`);
  }

  /** Called once. */
  start(params: SubscribePayload): void {
    this.#run(params, this.#socket.barrier.enter(params.query)).catch((error: unknown) => {
      this.#finish();
      this.#socket.failed(error);
    });
  }

  /** The client wants no more results. */
  drop(): void {
    this.#isDropped = true;
    if (this.#stream === null) return;
    this.#socket.finished(this);
    this.#stream.return().catch((error: unknown) => this.#socket.failed(error));
  }

  /** The socket has closed: nothing more can be written. */
  disconnect(): void {
    this.drop();
    this.#answer?.release();
  }

  isBehind(): boolean {
    return this.#socket.writer.isBehind();
  }

  onReady(listener: () => void): void {
    this.#socket.writer.onReady(listener);
  }

  write({ json }: EventResult): void {
    this.#socket.writer.write(`${this.#head}${json}}`);
  }

  end(error: GraphQLError | null): void {
    if (this.#isDropped) return;
    if (error === null) return this.#complete();
    // Clients treat an error as final, but reconnect after 4403.
    this.#socket.session.closeIfExpired();
    this.#refuse([error]);
  }

  async #run(params: SubscribePayload, barrier: BarrierEntry): Promise<void> {
    const { operations, session, baseUrl } = this.#socket;
    const traceparent = validTraceparent(params.extensions?.['traceparent']) ?? this.#socket.traceparent;
    try {
      const authenticating = session.callerOf(params);
      const caller = authenticating instanceof Promise ? await authenticating : authenticating;
      const preparing = operations.prepare({ params, caller, baseUrl, transport: 'websocket', traceparent });
      const prepared = preparing instanceof Promise ? await preparing : preparing;
      if (isRefused(prepared)) return this.#refuse(prepared.errors);
      if (isSubscription(prepared)) return await this.#open(prepared);
      barrier.opened();
      if (barrier.before !== null) await barrier.before;
      await this.#execute(prepared);
    } catch (error) {
      // Only the token of an operation is refused by an exception.
      if (!(error instanceof GraphQLError)) throw error;
      const refused = [maskError(error)];
      operations.refused(refused, 'websocket');
      this.#refuse(refused);
    } finally {
      barrier.opened();
    }
  }

  async #open(prepared: Operation): Promise<void> {
    const stream = await this.#socket.operations.subscribe(prepared);
    if (isRefused(stream)) {
      // Like a query that was executed with errors.
      if (!this.#isDropped) this.#writeResult(stream);
      return this.#complete();
    }
    if (this.#isDropped) {
      this.#socket.finished(this);
      await stream.return();
      return;
    }
    this.#stream = stream;
    stream.pipe(this);
  }

  async #execute(prepared: Operation): Promise<void> {
    this.#answer = prepared.context.answer;
    const executing = this.#socket.operations.execute(prepared);
    const result = executing instanceof Promise ? await executing : executing;
    if (this.#isDropped) return this.#finish();
    this.#writeResult(result, () => this.#finish());
    this.#complete();
  }

  #writeResult(result: ExecutionResult, onWritten?: () => void): void {
    this.#socket.writer.write(`${this.#head}${jsonOf(result)}}`, onWritten);
  }

  /** Tells the client that the operation is over. */
  #complete(): void {
    this.#socket.releaseId(this);
    if (!this.#isDropped) this.#socket.send({ id: this.id, type: MessageType.Complete });
    // A query is in progress until its result is with the system.
    if (this.#answer === null) this.#finish();
  }

  #refuse(errors: readonly GraphQLError[]): void {
    if (!this.#isDropped)
      this.#socket.send({ id: this.id, type: MessageType.Error, payload: formatErrors(errors) });
    this.#socket.releaseId(this);
    this.#finish();
  }

  #finish(): void {
    this.#answer?.release();
    this.#socket.finished(this);
  }
}

/** The place of one operation among the subscriptions of its socket. */
interface BarrierEntry {
  /**
   * Resolves when every subscription that was sent before this operation is open or refused; null when there is none.
   */
  readonly before: Promise<void> | null;
  /** Must be called when this operation is open or refused; at once when it is not a subscription. */
  readonly opened: () => void;
}

/**
 * Delays the queries of a socket until the subscriptions that were sent before them are open. The protocol has no message that says
 * a subscription is open: with this order a client that subscribes and then queries misses no event between the two.
 */
export class SubscriptionBarrier {
  /** How many subscriptions are being opened. */
  #opening = 0;
  /** Resolves when all of them are open; null when there is none. */
  #opened: Promise<void> | null = null;

  /**
   * Called for each operation in the order of arrival.
   *
   * @param document the operation's text; empty when only its id is known
   */
  enter(document: string): BarrierEntry {
    const before = this.#opened;
    // Without parsing: a query that contains the word waits without need.
    if (document !== '' && !document.includes('subscription')) return { before, opened: () => {} };
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#opening += 1;
    this.#opened = before === null ? promise : before.then(() => promise);
    let isOpening = true;
    const opened = () => {
      if (!isOpening) return;
      isOpening = false;
      this.#opening -= 1;
      if (this.#opening === 0) this.#opened = null;
      resolve();
    };
    return { before, opened };
  }
}

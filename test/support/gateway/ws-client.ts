import { once } from 'node:events';
import { type ClientOptions, WebSocket } from 'ws';
import type { ClientError, GraphQLAnswer } from './http.ts';

/** A message of graphql-transport-ws from the server. */
export interface WsMessage {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

/** How a socket ended. */
export interface WsClose {
  readonly code: number;
  readonly reason: string;
}

/** A graphql-transport-ws client that keeps every message and sends only what a test sends. */
export class WsClient implements Disposable {
  readonly socket: WebSocket;
  /** Resolves when the socket has closed. */
  readonly closed: Promise<WsClose>;
  readonly #messages: WsMessage[] = [];
  readonly #waiting: (() => void)[] = [];

  private constructor(socket: WebSocket) {
    this.socket = socket;
    const closed = Promise.withResolvers<WsClose>();
    this.closed = closed.promise;
    socket.on('message', (data: Buffer) => {
      const message: WsMessage = JSON.parse(data.toString());
      this.#messages.push(message);
      this.#wake();
    });
    // A `close` event follows.
    socket.on('error', () => {});
    socket.once('close', (code, reason) => {
      closed.resolve({ code, reason: reason.toString() });
      this.#wake();
    });
  }

  /** Opens a socket and sends nothing. */
  static async open(
    url: string,
    protocols: string[] = ['graphql-transport-ws'],
    options: ClientOptions = {},
    path = '/graphql',
  ): Promise<WsClient> {
    const socket = new WebSocket(url.replace('http', 'ws') + path, protocols, options);
    const client = new WsClient(socket);
    await once(socket, 'open');
    return client;
  }

  /** Opens a socket and waits for the acknowledgement. */
  static async connect(url: string, options: ClientOptions = {}, path?: string): Promise<WsClient> {
    const client = await WsClient.open(url, undefined, options, path);
    client.send({ type: 'connection_init' });
    const { type } = await client.next();
    if (type !== 'connection_ack') throw new Error(`Expected connection_ack, got ${type}.`);
    return client;
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  subscribe(id: string, query: string, variables: Readonly<Record<string, unknown>> = {}): void {
    this.send({ id, type: 'subscribe', payload: { query, variables } });
  }

  complete(id: string): void {
    this.send({ id, type: 'complete' });
  }

  /** The next message, of one operation when an id is given. Fails when the socket closes instead. */
  next(id?: string): Promise<WsMessage> {
    return this.#take((message) => id === undefined || message.id === id);
  }

  /** The next result of an operation. */
  async result<T>(id: string): Promise<GraphQLAnswer<T>> {
    const message = await this.next(id);
    if (message.type === 'next' && isAnswer<T>(message.payload)) return message.payload;
    throw new Error(`Expected a result, got ${JSON.stringify(message)}.`);
  }

  /** The errors of a refused operation. */
  async refusal(id: string): Promise<ClientError[]> {
    const message = await this.next(id);
    if (message.type === 'error' && isErrors(message.payload)) return message.payload;
    throw new Error(`Expected an error, got ${JSON.stringify(message)}.`);
  }

  /** Resolves when the server has processed all earlier messages; fails when it has closed the socket. */
  async processed(): Promise<void> {
    this.send({ type: 'ping' });
    await this.#take(({ type }) => type === 'pong');
  }

  /** Received messages that no call has taken. */
  get pending(): readonly WsMessage[] {
    return this.#messages;
  }

  [Symbol.dispose](): void {
    this.socket.terminate();
  }

  async #take(wanted: (message: WsMessage) => boolean): Promise<WsMessage> {
    for (;;) {
      const index = this.#messages.findIndex(wanted);
      const [message] = index === -1 ? [] : this.#messages.splice(index, 1);
      if (message !== undefined) return message;
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error('The socket closed.');
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

function isAnswer<T>(payload: unknown): payload is GraphQLAnswer<T> {
  return typeof payload === 'object' && payload !== null;
}

function isErrors(payload: unknown): payload is ClientError[] {
  return Array.isArray(payload);
}

/** The state of the connection to the gateway. */
export type ConnectionState =
  /** Nothing is watched, so there is no connection. */
  | 'idle'
  /** The first attempt to connect. */
  | 'connecting'
  | 'connected'
  /** The connection was lost or could not be opened; the client tries again. */
  | 'reconnecting'
  /**
   * The gateway refuses: `connection.error` says why. All subscriptions have ended with that error. The client connects again for a
   * new subscription; `connection.reconnect()` ends the state, so that lists and components subscribe again.
   */
  | 'refused';

/** A GraphQL operation. */
export interface Operation {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly operationName?: string | null | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
}

/** A GraphQL result. */
export interface OperationResult<Data = Readonly<Record<string, unknown>>> {
  readonly data?: Data | null | undefined;
  readonly errors?: readonly GraphQLErrorLike[] | undefined;
}

export interface GraphQLErrorLike {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: {
    readonly code?: string;
    readonly retryAfterSeconds?: number;
    readonly [name: string]: unknown;
  };
}

/** Receives the results of an operation. `error` and `complete` end it. */
export interface Sink<Data = Readonly<Record<string, unknown>>> {
  /** The subscription is active at the gateway: later events are received. Called again after each lost connection. */
  open?(): void;
  next(result: OperationResult<Data>): void;
  error(reason: unknown): void;
  /**
   * The subscription is complete. Without this method it is sent again after a pause: the receiver expects more, and some routers
   * complete a subscription when they lose the gateway.
   */
  complete?(): void;
}

/**
 * The connection to the gateway: requests over HTTP, subscriptions over one WebSocket, or over event streams where WebSockets are
 * blocked.
 */
export interface Connection {
  readonly state: ConnectionState;
  /**
   * While the state is `refused`: why the gateway refuses, such as code `UNAUTHENTICATED`, `FORBIDDEN` or `NOT_ALLOWED`. While it is
   * `reconnecting`: why the connection was lost; an error of the function that returns the token is its `cause`. Else null.
   */
  readonly error: Error | null;
  /** Registers a listener for changes of `state` and of `error`, which can change alone. @returns a function that removes it */
  onChange(listener: () => void): () => void;
  /** Connects again at once: with a new token, or because the network is back. */
  reconnect(): void;
  /** Runs a query or mutation by HTTP once, without retries. Rejects only when there was no GraphQL result. */
  execute<Data>(operation: Operation, signal?: AbortSignal): Promise<OperationResult<Data>>;
  /**
   * Runs a subscription. It is sent again after each lost connection: with `sinceVersion` of the newest version in a result of
   * `videoJobUpdated`. @returns a function that ends it
   */
  subscribe<Data>(operation: Operation, sink: Sink<Data>): () => void;
}

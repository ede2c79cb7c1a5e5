/** The kinds of GraphQL operations. */
export type Kind = 'query' | 'mutation' | 'subscription';

/** An operation as clients send it. */
export interface OperationRequest {
  /** Empty when `extensions` name the document. */
  readonly query: string;
  readonly operationName?: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** Where operations are sent, and as whom. */
export interface Endpoint {
  /** The GraphQL endpoint, such as `https://video.example.com/graphql`. */
  readonly url: string;
  /** The bearer token; null: none. */
  readonly token: string | null;
  /** Ends all that is in progress. */
  readonly signal: AbortSignal;
}

/** One way to deliver operations and their results. */
export interface Transport {
  readonly name: string;
  /** The kinds of operations that it can carry. */
  readonly kinds: readonly Kind[];
  /** Whether operations reach the gateway directly or through a router. */
  readonly via: 'gateway' | 'router';
  /** Nothing is sent before `open`. */
  connect(endpoint: Endpoint): Connection;
}

/** What one client uses: one socket, or the HTTP requests of one token. */
export interface Connection extends AsyncDisposable {
  /**
   * Sends an operation. Resolves when a subscription is active or refused, as far as the transport can tell; a refusal is delivered by
   * the stream.
   */
  open(request: OperationRequest): Promise<Stream>;
}

/** How a stream ended. */
export interface StreamEnd {
  /**
   * `complete`: regularly. `error`: refused or ended by `errors`. `reconnect`: in a way after which a client has to connect again.
   * `invalid`: against the rules of the transport.
   */
  readonly end: 'complete' | 'error' | 'reconnect' | 'invalid';
  /** The codes of the errors that ended it. */
  readonly errors: readonly string[];
  /** What was received, for people. */
  readonly detail: string;
}

/** A result with data. */
export interface Result {
  readonly data: unknown;
  /** The codes of errors beside the data. */
  readonly errors: readonly string[];
}

/** What all transports deliver, in one shape. */
export type Delivery = { readonly result: Result } | { readonly end: StreamEnd };

/** The results of one operation. */
export interface Stream {
  /** The next result, or the end. After the end it is the end again. */
  next(): Promise<Delivery>;
}

import { noop, onAbort } from './abort.ts';
import { backoffMs, pause } from './backoff.ts';
import { connect } from './connect.ts';
import type {
  Connection,
  ConnectionState,
  GraphQLErrorLike,
  Operation,
  OperationResult,
  Sink,
} from './connection.ts';
import { endpointUrl } from './endpoint.ts';
import { EventStreamLink } from './event-stream-link.ts';
import type { AnyResult, Link, LinkEvents } from './link.ts';
import { post, type Sender } from './post.ts';
import { errorOf, isTemporary } from './result-errors.ts';
import { Subscription } from './subscription.ts';
import { TransportChoice } from './transport.ts';
import { hasWebSocket, WebSocketLink } from './web-socket-link.ts';

/** Options of a GatewayConnection. The reason of `closed` is the error of everything that is open then. */
export interface GatewayConnectionOptions extends Sender {
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  /** At least 0, less than 1. */
  readonly random: () => number;
}

/**
 * Event streams of a client at the same time, in browsers: of six connections to a host two are left for requests. Browsers have
 * WebSockets.
 */
const MAX_BROWSER_STREAMS = 4;
/** On platforms without WebSockets, such as Node 20. */
const MAX_STREAMS = 100;

/** The connection of one client. It is open while there are subscriptions. */
export class GatewayConnection implements Connection {
  readonly #options: GatewayConnectionOptions;
  readonly #listeners = new Set<() => void>();
  readonly #subscriptions = new Map<string, Subscription>();
  #count = 0;
  #state: ConnectionState = 'idle';
  #error: Error | null = null;
  /** Stops `connect`; null while it does not run. */
  #connecting: AbortController | null = null;
  #transport: TransportChoice;
  /** The link that is ready or about to be. */
  #link: Link | null = null;

  constructor(options: GatewayConnectionOptions) {
    this.#options = options;
    this.#transport = this.#newTransport();
    const { closed } = options;
    onAbort(closed, () => this.#endAll('idle', closed.reason));
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get error(): Error | null {
    return this.#error;
  }

  onChange(listener: () => void): () => void {
    // A new function: the same one may be registered twice.
    const own = (): void => listener();
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  reconnect(): void {
    if (this.#options.closed.aborted) return;
    this.#disconnect();
    // The network may be another one.
    this.#transport = this.#newTransport();
    if (this.#subscriptions.size === 0) return this.#change('idle');
    this.#change('reconnecting');
    this.#connect();
  }

  execute<Data>(operation: Operation, signal?: AbortSignal): Promise<OperationResult<Data>> {
    return post(this.#options, operation, signal);
  }

  subscribe<Data>(operation: Operation, sink: Sink<Data>): () => void {
    const { closed } = this.#options;
    const subscription = new Subscription(`${(this.#count += 1)}`, operation, sink);
    this.#subscriptions.set(subscription.id, subscription);
    if (closed.aborted) queueMicrotask(() => this.#endAll('idle', closed.reason));
    else if (this.#connecting !== null) this.#link?.start(subscription);
    else {
      this.#change('connecting');
      this.#connect();
    }
    return () => {
      if (this.#remove(subscription)) this.#link?.stop(subscription.id);
    };
  }

  #newTransport(): TransportChoice {
    return new TransportChoice(hasWebSocket(), this.#options.now);
  }

  #connect(): void {
    const connecting = new AbortController();
    this.#connecting = connecting;
    const { signal } = connecting;
    connect(
      {
        ...this.#options,
        open: (token, ends) => this.#open(token, ends),
        onReady: () => this.#change('connected'),
        onEnded: (wasReady) => {
          this.#link = null;
          return this.#transport.ended(wasReady);
        },
        onLost: (reason) => {
          this.#link = null;
          this.#change('reconnecting', reason);
        },
      },
      signal,
    ).then(
      (refusal) => this.#endAll('refused', refusal),
      (error: unknown) => {
        if (!signal.aborted) this.#endAll('idle', error);
      },
    );
  }

  #open(token: string | null, ends: Pick<LinkEvents, 'ready' | 'ended'>): Link {
    const whenCurrent =
      <A extends readonly unknown[]>(handle: (subscription: Subscription, ...args: A) => void) =>
      (id: string, ...args: A): void => {
        const subscription = this.#subscriptions.get(id);
        if (subscription !== undefined && this.#link === link) handle(subscription, ...args);
      };
    const events: LinkEvents = {
      ...ends,
      opened: whenCurrent(({ sink }) => sink.open?.()),
      next: whenCurrent((subscription, result: AnyResult) => {
        const { data, errors = [] } = result;
        if (data != null || errors.length === 0) return subscription.next(result);
        link.stop(subscription.id);
        this.#failed(subscription, errors, ends.ended);
      }),
      failed: whenCurrent((subscription, errors: readonly GraphQLErrorLike[]) =>
        this.#failed(subscription, errors, ends.ended),
      ),
      completed: whenCurrent((subscription) => {
        if (subscription.sink.complete === undefined) return this.#startLater(subscription);
        this.#remove(subscription);
        subscription.sink.complete();
      }),
    };
    const url = endpointUrl(this.#options.url);
    const link =
      this.#transport.name === 'web-socket'
        ? new WebSocketLink(url, token, events)
        : new EventStreamLink(url, token, events, hasWebSocket() ? MAX_BROWSER_STREAMS : MAX_STREAMS);
    this.#link = link;
    for (const subscription of this.#subscriptions.values())
      if (!subscription.isPaused) link.start(subscription);
    return link;
  }

  #failed(
    subscription: Subscription,
    errors: readonly GraphQLErrorLike[],
    endLink: LinkEvents['ended'],
  ): void {
    const error = errorOf(errors);
    if (error.code === 'UNAUTHENTICATED') return endLink(error);
    if (isTemporary(error)) return this.#startLater(subscription);
    this.#remove(subscription);
    subscription.sink.error(error);
  }

  /** Sends a subscription again after a pause. */
  #startLater(subscription: Subscription): void {
    subscription.isPaused = true;
    const ms = backoffMs(subscription.failures, this.#options.random);
    subscription.failures += 1;
    pause(ms, subscription.over.signal).then(() => {
      subscription.isPaused = false;
      this.#link?.start(subscription);
    }, noop);
  }

  #remove(subscription: Subscription): boolean {
    subscription.over.abort();
    // In the next turn, because components that are shown next may subscribe in this one.
    setTimeout(() => {
      if (this.#subscriptions.size > 0 || this.#connecting === null) return;
      this.#disconnect();
      this.#change('idle');
    });
    return this.#subscriptions.delete(subscription.id);
  }

  #disconnect(): void {
    this.#connecting?.abort();
    this.#connecting = null;
    this.#link = null;
  }

  #endAll(state: ConnectionState, error: unknown): void {
    const subscriptions = [...this.#subscriptions.values()];
    for (const subscription of subscriptions) this.#remove(subscription);
    this.#disconnect();
    this.#change(state, state === 'refused' && error instanceof Error ? error : null);
    for (const { sink } of subscriptions) sink.error(error);
  }

  #change(state: ConnectionState, error: Error | null = null): void {
    if (state === this.#state && error === this.#error) return;
    this.#state = state;
    this.#error = error;
    for (const listener of this.#listeners) listener();
  }
}

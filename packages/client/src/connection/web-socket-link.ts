import { ReelgateError } from '../errors.ts';
import type { GraphQLErrorLike } from './connection.ts';
import { authorization, parseJson, unreachable } from './http.ts';
import type { AnyResult, Link, LinkEvents, Startable } from './link.ts';
import { errorOf } from './result-errors.ts';

/** A message of the gateway (graphql-transport-ws). */
interface Message {
  readonly type: string;
  readonly id?: string;
  /** A result of `next`, or the errors of `error`. */
  readonly payload?: AnyResult & readonly GraphQLErrorLike[];
}

/** Whether the platform has WebSockets. Node 20 has none. */
export function hasWebSocket(): boolean {
  return 'WebSocket' in globalThis;
}

const OPEN = 1;
/** Milliseconds until the gateway has acknowledged the connection. */
const CONNECT_MS = 8000;
/** Without a message for this time the gateway is pinged. */
const PING_MS = 10_000;
/** Without a message for this time after a ping the connection is lost. */
const PONG_MS = 5000;
/** Close codes for a token that is missing, not valid or expired. */
const UNAUTHORIZED = 4401;
const FORBIDDEN = 4403;
/** Close code for an origin or host that the gateway does not allow. */
const POLICY_VIOLATION = 1008;
/**
 * Begins the id of the query that is sent behind each subscription. The gateway answers it when the subscriptions before it on the same
 * socket are active, so its answer says that they are.
 */
const BARRIER = '>';

/** One WebSocket with the protocol graphql-transport-ws. */
export class WebSocketLink implements Link {
  readonly #events: LinkEvents;
  readonly #socket: WebSocket;
  readonly #started = new Map<string, Startable>();
  #isAcknowledged = false;
  #isOver = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @throws when the platform refuses the URL */
  constructor(url: string, token: string | null, events: LinkEvents) {
    this.#events = events;
    const socket = openSocket(url);
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#lose(), CONNECT_MS);
    socket.addEventListener('open', () =>
      this.#send({ type: 'connection_init', payload: authorization(token) }),
    );
    socket.addEventListener('message', ({ data }) => this.#receive(data));
    socket.addEventListener('close', ({ code, reason }) =>
      this.#end(closeError(code, reason) ?? unreachable(url)),
    );
  }

  start(subscription: Startable): void {
    this.#started.set(subscription.id, subscription);
    if (this.#isAcknowledged) this.#subscribe(subscription);
  }

  stop(id: string): void {
    if (this.#started.delete(id) && this.#isAcknowledged) this.#send({ type: 'complete', id });
  }

  close(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#socket.close();
  }

  /** Asks for a sign of life: without one within 5 seconds the connection is lost. */
  ping(): void {
    if (!this.#isAcknowledged) return;
    this.#send({ type: 'ping' });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lose(), PONG_MS);
  }

  #lose(): void {
    this.#end(unreachable(this.#socket.url));
  }

  #end(reason: ReelgateError): void {
    if (this.#isOver) return;
    this.close();
    this.#events.ended(reason);
  }

  #send(message: object): void {
    // A closing socket reports its end by `onclose`.
    if (this.#socket.readyState === OPEN) this.#socket.send(JSON.stringify(message));
  }

  #receive(data: unknown): void {
    if (this.#isOver) return;
    const message: Message | null = parseJson(String(data));
    if (message === null) return this.#lose();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.ping(), PING_MS);
    const { type, id = '' } = message;
    if (type === 'ping') this.#send({ type: 'pong' });
    else if (type === 'connection_ack') {
      this.#isAcknowledged = true;
      for (const subscription of this.#started.values()) this.#subscribe(subscription);
    } else if (id.startsWith(BARRIER)) this.#passed(id.slice(BARRIER.length), message);
    else if (this.#started.has(id)) this.#deliver(id, message);
  }

  #subscribe({ id, operation: payload }: Startable): void {
    this.#send({ type: 'subscribe', id, payload });
    this.#send({ type: 'subscribe', id: BARRIER + id, payload: { query: '{__typename}' } });
  }

  /** @param id of the subscription before the barrier */
  #passed(id: string, { type, payload }: Message): void {
    if (type === 'complete') return;
    const error = errorOf(type === 'error' ? payload : payload?.errors);
    if (error.code === 'UNAUTHENTICATED') return this.#end(error);
    this.#events.ready();
    if (this.#started.has(id)) this.#events.opened(id);
  }

  #deliver(id: string, { type, payload }: Message): void {
    if (type === 'next') return this.#events.next(id, payload ?? {});
    this.#started.delete(id);
    if (type === 'error') this.#events.failed(id, payload ?? []);
    else this.#events.completed(id);
  }
}

/** @throws when the platform refuses the URL */
export function openSocket(url: string): WebSocket {
  return new WebSocket(url.replace(/^http/, 'ws'), 'graphql-transport-ws');
}

/** Why the gateway refuses a WebSocket; null: it was lost, or the gateway stops. */
export function closeError(code: number, reason: string): ReelgateError | null {
  const message = reason || `Closed with code ${code}.`;
  if (code === UNAUTHORIZED || code === FORBIDDEN) return new ReelgateError('UNAUTHENTICATED', message);
  return code === POLICY_VIOLATION ? new ReelgateError('NOT_ALLOWED', message) : null;
}

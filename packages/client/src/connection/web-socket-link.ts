import type { GraphQLErrorLike } from './connection.ts';
import { authorization } from './http.ts';
import type { AnyResult, Link, LinkEnd, LinkEvents, Startable } from './link.ts';

/** A message of the gateway (graphql-transport-ws). */
interface Message {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

/** The platform's WebSocket; undefined where there is none, as in Node 20. */
export function webSocketClass(): typeof WebSocket | undefined {
  return globalThis.WebSocket;
}

const OPEN = 1;
/** Milliseconds until the gateway has acknowledged the connection. */
const CONNECT_MS = 8000;
/** Without a message for this time the gateway is pinged. */
const PING_MS = 10_000;
/** Without a message for this time after a ping the connection is lost. */
const PONG_MS = 5000;
/** Close codes for a token that is missing, not valid or expired. */
const UNAUTHENTICATED: ReadonlySet<number> = new Set([4401, 4403]);
/** Close code for an origin or host that the gateway does not allow. */
const POLICY_VIOLATION = 1008;
/** The gateway answers a query after the subscriptions before it on the same socket are active, so its answer says that they are. */
const BARRIER = { query: '{__typename}' };

/** One WebSocket with the protocol graphql-transport-ws. */
export class WebSocketLink implements Link {
  readonly #events: LinkEvents;
  readonly #socket: WebSocket;
  readonly #started = new Map<string, Startable>();
  /** The subscriptions that each barrier waits for. */
  readonly #barriers = new Map<string, readonly string[]>();
  /** Subscriptions that were sent after the last barrier. */
  #sent: string[] = [];
  #count = 0;
  #isAcknowledged = false;
  #isReady = false;
  #isOver = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @throws when the platform refuses the URL */
  constructor(url: string, token: string | null, events: LinkEvents) {
    this.#events = events;
    const Socket = webSocketClass();
    if (Socket === undefined) throw new Error('This platform has no WebSocket.');
    const socket = new Socket(url.replace(/^http/, 'ws'), 'graphql-transport-ws');
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#end({ type: 'lost' }), CONNECT_MS);
    socket.addEventListener('open', () =>
      this.#send({ type: 'connection_init', payload: authorization(token) }),
    );
    socket.addEventListener('message', ({ data }) => this.#receive(data));
    socket.addEventListener('close', ({ code, reason }) => this.#end(endOf(code, reason)));
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
    this.#socket.close(1000, 'Normal Closure');
  }

  /** Asks for a sign of life: without one within 5 seconds the connection is lost. */
  ping(): void {
    if (!this.#isAcknowledged) return;
    this.#send({ type: 'ping' });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end({ type: 'lost' }), PONG_MS);
  }

  #end(end: LinkEnd): void {
    if (this.#isOver) return;
    this.close();
    this.#events.ended(end);
  }

  #send(message: object): void {
    // A closing socket reports its end by `onclose`.
    if (this.#socket.readyState === OPEN) this.#socket.send(JSON.stringify(message));
  }

  #receive(data: unknown): void {
    if (this.#isOver) return;
    const message = parseMessage(data);
    if (message === null) return this.#end({ type: 'lost' });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.ping(), PING_MS);
    const { type, id = '' } = message;
    if (type === 'ping') this.#send({ type: 'pong' });
    else if (type === 'connection_ack') this.#acknowledged();
    else if (this.#barriers.has(id)) this.#passed(id, message);
    else if (this.#started.has(id)) this.#deliver(id, message);
  }

  #acknowledged(): void {
    if (this.#isAcknowledged) return;
    this.#isAcknowledged = true;
    for (const subscription of this.#started.values()) this.#subscribe(subscription);
    if (this.#started.size === 0) this.#sendBarrier();
  }

  #subscribe({ id, operation: payload }: Startable): void {
    this.#send({ type: 'subscribe', id, payload });
    this.#sent.push(id);
    // One barrier for all subscriptions of this turn.
    if (this.#sent.length === 1) queueMicrotask(() => this.#sendBarrier());
  }

  #sendBarrier(): void {
    const id = `barrier-${(this.#count += 1)}`;
    this.#barriers.set(id, this.#sent);
    this.#sent = [];
    this.#send({ type: 'subscribe', id, payload: BARRIER });
  }

  #passed(barrier: string, { type, payload }: Message): void {
    const errors = type === 'error' ? asErrors(payload) : (asResult(payload).errors ?? []);
    const refusal = errors.find((error) => error.extensions?.['code'] === 'UNAUTHENTICATED');
    if (refusal !== undefined) return this.#end({ type: 'unauthenticated', message: refusal.message });
    const ids = this.#barriers.get(barrier) ?? [];
    this.#barriers.delete(barrier);
    if (!this.#isReady) {
      this.#isReady = true;
      this.#events.ready();
    }
    for (const id of ids) if (this.#started.has(id)) this.#events.opened(id);
  }

  #deliver(id: string, { type, payload }: Message): void {
    if (type === 'next') return this.#events.next(id, asResult(payload));
    this.#started.delete(id);
    if (type === 'error') this.#events.failed(id, asErrors(payload));
    else this.#events.completed(id);
  }
}

function endOf(code: number, message: string): LinkEnd {
  if (UNAUTHENTICATED.has(code)) return { type: 'unauthenticated', message };
  return code === POLICY_VIOLATION ? { type: 'refused', code: 'NOT_ALLOWED', message } : { type: 'lost' };
}

function parseMessage(data: unknown): Message | null {
  try {
    const message: Message | null = JSON.parse(String(data));
    return typeof message?.type === 'string' ? message : null;
  } catch {
    return null;
  }
}

function asResult(payload: unknown): AnyResult {
  return typeof payload === 'object' && payload !== null ? payload : {};
}

function asErrors(payload: unknown): readonly GraphQLErrorLike[] {
  return Array.isArray(payload) ? payload : [];
}

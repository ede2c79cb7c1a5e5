import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { GraphQLAnswer } from './http.ts';

/** One server-sent event. */
export interface SseEvent {
  readonly event: string;
  readonly data: string;
}

/** Options of a stream. */
export interface SseOptions {
  readonly method?: 'POST' | 'GET';
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** A reader of server-sent events that keeps every event and can be paused. */
export class SseClient implements Disposable {
  readonly response: IncomingMessage;
  /** Resolves when the stream has ended: complete (`ended`) or aborted (`cut`). */
  readonly closed: Promise<'ended' | 'cut'>;
  readonly #request: ClientRequest;
  readonly #events: SseEvent[] = [];
  #text = '';
  #open = true;
  #wake: () => void = () => {};

  private constructor(sent: ClientRequest, response: IncomingMessage) {
    this.#request = sent;
    this.response = response;
    const closed = Promise.withResolvers<'ended' | 'cut'>();
    this.closed = closed.promise;
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => this.#read(chunk));
    // A `close` event follows.
    response.on('error', () => {});
    response.once('close', () => {
      this.#open = false;
      closed.resolve(response.complete ? 'ended' : 'cut');
      this.#wake();
    });
  }

  static open(url: string, query: string, options: SseOptions = {}): Promise<SseClient> {
    const { method = 'POST', accept = 'text/event-stream', headers = {}, variables = {} } = options;
    const { promise, resolve, reject } = Promise.withResolvers<SseClient>();
    const search = new URLSearchParams({ query, variables: JSON.stringify(variables) });
    const sent = request(`${url}/graphql${method === 'GET' ? `?${search.toString()}` : ''}`, {
      method,
      agent: false,
      headers: { accept, ...headers, ...(method === 'POST' ? { 'content-type': 'application/json' } : {}) },
    });
    sent.once('response', (response) => resolve(new SseClient(sent, response)));
    sent.on('error', reject);
    sent.end(method === 'POST' ? JSON.stringify({ query, variables }) : undefined);
    return promise;
  }

  /** The next event. Fails when the stream ends instead. */
  async next(): Promise<SseEvent> {
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined) return event;
      if (!this.#open) throw new Error('The stream ended.');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The next result. */
  async result<T>(): Promise<GraphQLAnswer<T>> {
    const { event, data } = await this.next();
    if (event !== 'next') throw new Error(`Expected a result, got ${event}.`);
    const answer: GraphQLAnswer<T> = JSON.parse(data);
    return answer;
  }

  [Symbol.dispose](): void {
    this.#request.destroy();
  }

  #read(chunk: string): void {
    this.#text += chunk;
    const blocks = this.#text.split('\n\n');
    this.#text = blocks.pop() ?? '';
    for (const block of blocks) {
      const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1];
      const event = field('event');
      // Comments keep the connection alive.
      if (event !== undefined) this.#events.push({ event, data: field('data') ?? '' });
    }
    this.#wake();
  }
}

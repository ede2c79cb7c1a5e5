import type { IncomingMessage } from 'node:http';
import { HttpStream, type StreamOptions } from './http-stream.ts';
import type { GraphQLAnswer } from './http.ts';

/** One server-sent event. */
interface SseEvent {
  readonly event: string;
  readonly data: string;
  /** Null: the event has none. */
  readonly id: string | null;
}

/** A reader of server-sent events that keeps every event and can be paused. */
export class SseClient implements Disposable {
  readonly #stream: HttpStream;

  private constructor(stream: HttpStream) {
    this.#stream = stream;
  }

  static async open(url: string, query: string, options: StreamOptions = {}): Promise<SseClient> {
    return new SseClient(
      await HttpStream.open(url, query, '\n\n', { accept: 'text/event-stream', ...options }),
    );
  }

  get response(): IncomingMessage {
    return this.#stream.response;
  }

  /** Resolves when the stream has ended: complete (`ended`) or aborted (`cut`). */
  get closed(): HttpStream['closed'] {
    return this.#stream.closed;
  }

  /** Everything that has arrived so far. */
  get received(): string {
    return this.#stream.received;
  }

  /** The next event. Fails when the stream ends instead. */
  async next(): Promise<SseEvent> {
    for (;;) {
      const block = await this.#stream.block();
      const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1];
      const event = field('event');
      // Comments keep the connection alive.
      if (event !== undefined) return { event, data: field('data') ?? '', id: field('id') ?? null };
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
    this.#stream[Symbol.dispose]();
  }
}

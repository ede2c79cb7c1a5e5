import type { IncomingMessage } from 'node:http';
import { HttpStream, type StreamOptions } from './http-stream.ts';
import type { ClientError, GraphQLAnswer } from './http.ts';

/** What Apollo Client's HttpLink sends. */
export const APOLLO_ACCEPT =
  'multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/graphql-response+json,application/json;q=0.9';

/** The JSON of one part; neither field in a heartbeat. */
export interface MultipartPart<T = unknown> {
  /** Null: the subscription has ended with `errors`. */
  readonly payload?: GraphQLAnswer<T> | null;
  readonly errors?: readonly ClientError[];
}

/** A reader of Apollo's multipart subscriptions. An answer of JSON, by which a subscription is refused, is read as the only result. */
export class MultipartClient implements Disposable {
  readonly #stream: HttpStream;
  #isOver = false;

  private constructor(stream: HttpStream) {
    this.#stream = stream;
  }

  static async open(url: string, query: string, options: StreamOptions = {}): Promise<MultipartClient> {
    const stream = await HttpStream.open(url, query, '\r\n--graphql', { accept: APOLLO_ACCEPT, ...options });
    const client = new MultipartClient(stream);
    // The preamble is empty.
    if (client.#isMultipart && (await stream.block()) !== '') throw new Error('The body has a preamble.');
    return client;
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

  /** The next part. Fails when the stream ends instead. */
  async part<T>(): Promise<MultipartPart<T>> {
    const block = await this.#stream.block();
    const [head, body = ''] = block.split('\r\n\r\n');
    if (head !== '\r\nContent-Type: application/json') throw new Error(`A part begins with ${head}.`);
    const part: MultipartPart<T> = JSON.parse(body);
    return part;
  }

  /** The next result, or the error that ends the subscription. */
  async result<T>(): Promise<GraphQLAnswer<T>> {
    if (!this.#isMultipart) {
      await this.closed;
      this.#isOver = true;
      const answer: GraphQLAnswer<T> = JSON.parse(this.received);
      return answer;
    }
    for (;;) {
      const { payload, errors } = await this.part<T>();
      if (payload != null) return payload;
      if (errors !== undefined) return { errors };
    }
  }

  /** Resolves when the body has ended with its closing delimiter. */
  async completed(): Promise<void> {
    const end = await this.closed;
    const isWhole = this.#isOver || this.received.endsWith('\r\n--graphql--\r\n');
    if (end !== 'ended' || !isWhole) throw new Error(`The stream was ${end}: …${this.received.slice(-100)}`);
  }

  [Symbol.dispose](): void {
    this.#stream[Symbol.dispose]();
  }

  get #isMultipart(): boolean {
    return String(this.response.headers['content-type']).startsWith('multipart/mixed');
  }
}

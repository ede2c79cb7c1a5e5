import { type ClientRequest, type IncomingMessage, request } from 'node:http';

/** Options of a stream. */
export interface StreamOptions {
  readonly method?: 'POST' | 'GET';
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** An answer of the GraphQL endpoint that is read while it arrives, in blocks. It keeps every block and can be paused. */
export class HttpStream implements Disposable {
  readonly response: IncomingMessage;
  /** Resolves when the answer has ended: complete (`ended`) or aborted (`cut`). */
  readonly closed: Promise<'ended' | 'cut'>;
  readonly #request: ClientRequest;
  readonly #delimiter: string;
  readonly #blocks: string[] = [];
  #text = '';
  #received = '';
  #open = true;
  #wake: () => void = () => {};

  private constructor(sent: ClientRequest, response: IncomingMessage, delimiter: string) {
    this.#request = sent;
    this.response = response;
    this.#delimiter = delimiter;
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

  /** @param delimiter the text after each block */
  static open(
    url: string,
    query: string,
    delimiter: string,
    { method = 'POST', accept = '*/*', headers = {}, variables = {} }: StreamOptions,
  ): Promise<HttpStream> {
    const { promise, resolve, reject } = Promise.withResolvers<HttpStream>();
    const search = new URLSearchParams({ query, variables: JSON.stringify(variables) });
    const sent = request(`${url}/graphql${method === 'GET' ? `?${search.toString()}` : ''}`, {
      method,
      agent: false,
      headers: { accept, ...headers, ...(method === 'POST' ? { 'content-type': 'application/json' } : {}) },
    });
    sent.once('response', (response) => resolve(new HttpStream(sent, response, delimiter)));
    sent.on('error', reject);
    sent.end(method === 'POST' ? JSON.stringify({ query, variables }) : undefined);
    return promise;
  }

  /** Everything that has arrived so far. */
  get received(): string {
    return this.#received;
  }

  /** The next block. Fails when the answer ends instead. */
  async block(): Promise<string> {
    for (;;) {
      const block = this.#blocks.shift();
      if (block !== undefined) return block;
      if (!this.#open) throw new Error('The stream ended.');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  [Symbol.dispose](): void {
    this.#request.destroy();
  }

  #read(chunk: string): void {
    this.#received += chunk;
    const blocks = (this.#text + chunk).split(this.#delimiter);
    this.#text = blocks.pop() ?? '';
    this.#blocks.push(...blocks);
    this.#wake();
  }
}

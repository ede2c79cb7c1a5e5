import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { json } from 'node:stream/consumers';
import type { ClientError, GraphQLAnswer } from './http.ts';

/** A message that a subgraph POSTs to its router. */
export interface RouterMessage {
  readonly kind: 'subscription';
  readonly action: 'check' | 'next' | 'complete';
  readonly id: string;
  readonly verifier: string;
  readonly payload?: GraphQLAnswer<Record<string, { readonly id: string; readonly version: number }>>;
  readonly errors?: readonly ClientError[];
}

/** A router that records the callbacks it receives. */
export class CallbackRouter implements AsyncDisposable {
  readonly messages: RouterMessage[] = [];
  /** Chooses the status of the answer to a message; a pending promise delays the answer. */
  answer: (message: RouterMessage) => number | Promise<number> = () => 204;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      json(request)
        .then(async (body) => {
          const message: RouterMessage = JSON.parse(JSON.stringify(body));
          this.messages.push(message);
          const status = await this.answer(message);
          response.writeHead(status, { 'subscription-protocol': 'callback', location: '/elsewhere' }).end();
        })
        .catch(() => response.destroy());
    });
  }

  static async start(): Promise<CallbackRouter> {
    const router = new CallbackRouter();
    router.#server.listen(0, '127.0.0.1');
    await once(router.#server, 'listening');
    return router;
  }

  get origin(): string {
    const address = this.#server.address();
    return typeof address === 'object' ? `http://127.0.0.1:${address?.port}` : '';
  }

  /** The messages in short: `check`, `next 1` with the version, `complete`, or the code of the error. */
  get summaries(): string[] {
    return this.messages.map(({ action, payload, errors }) => {
      const [job] = Object.values(payload?.data ?? {});
      const all = payload?.errors ?? errors;
      const details = job?.version ?? all?.map(({ extensions }) => String(extensions?.['code'])).join();
      return details === undefined ? action : `${action} ${details}`;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}

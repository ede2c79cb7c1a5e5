import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listenOnFreePort } from '../../test/support/network/ports.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** An HTTP server that can be down for a while, and be back on the same port. */
export class StoppableServer implements AsyncDisposable {
  readonly #server;
  #port = 0;

  private constructor(handle: Handler) {
    this.#server = createServer((request, response) => {
      handle(request, response).catch(() => response.destroy());
    });
  }

  static async start(handle: Handler): Promise<StoppableServer> {
    const server = new StoppableServer(handle);
    server.#port = await listenOnFreePort(server.#server);
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Refuses connections from now on, and breaks the open ones. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async restart(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** Breaks the open connections; new ones are accepted. */
  cut(): void {
    this.#server.closeAllConnections();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

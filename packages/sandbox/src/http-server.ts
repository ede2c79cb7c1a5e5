import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { refusal } from './reply.ts';
import { answer } from './routes.ts';
import type { Parts } from './routes.ts';
import { send } from './send.ts';

/** A whole request must be in by then. */
const REQUEST_MS = 30_000;
/** Longer than clients keep connections, so that none is closed just when it is used again. */
const KEEP_ALIVE_MS = 75_000;

/** What {@link sandboxServer} is made of. */
export interface ServerOptions {
  readonly parts: Parts;
  /** The origin that URLs in answers begin with; asked for once the server listens. */
  readonly origin: () => string;
  /** Aborts every answer that waits, when the sandbox closes. */
  readonly closing: AbortSignal;
  /** Told of requests that fail. */
  readonly log: (event: { message: string; [key: string]: unknown }) => void;
}

/** A server that its disposal closes. */
export interface SandboxServer extends AsyncDisposable {
  /** Not yet listening when it is made. */
  readonly server: Server;
}

/** The HTTP server. No request makes it throw. Disposing it cuts all connections, and waits for what they had begun. */
export function sandboxServer({ parts, origin, closing, log }: ServerOptions): SandboxServer {
  const underway = new Set<Promise<void>>();
  const server = createServer(
    { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, keepAliveTimeout: KEEP_ALIVE_MS },
    (request, response) => {
      const work = serve(request, response).finally(() => underway.delete(work));
      underway.add(work);
    },
  );
  server.on('clientError', (_error, socket) => {
    if (socket.writable)
      socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
    else socket.destroy();
  });
  return {
    server,
    async [Symbol.asyncDispose]() {
      const { promise, resolve } = Promise.withResolvers<void>();
      // It calls back with an error when it was not listening, which is as good as closed.
      server.close(() => {
        resolve();
      });
      server.closeAllConnections();
      await promise;
      await Promise.all(underway);
    },
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => {
      gone.abort();
    });
    const signal = AbortSignal.any([gone.signal, closing]);
    try {
      const reply = await answer(parts, { request, origin: origin(), signal });
      await send(reply, request, response, signal);
    } catch (error) {
      if (!signal.aborted) log({ message: 'request failed', path: request.url, reason: String(error) });
      if (signal.aborted || response.headersSent) response.destroy();
      else await send(refusal(500, 'Internal server error'), request, response, signal);
    }
  }
}

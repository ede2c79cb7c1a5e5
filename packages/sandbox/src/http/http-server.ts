import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { replaceFile } from '../private-files.ts';
import { errorReply } from './reply.ts';
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
      else await send(errorReply(500, 'Internal server error'), request, response, signal);
    }
  }
}

/**
 * Listens, and writes the port down in `folder`, so that URLs given out before a restart keep working.
 *
 * @param port 0: the port written down there, when it is free, else any
 * @returns the origin, `http://host:port`; the loopback one when it listens on every address
 * @throws when the port asked for is taken
 */
export async function listen(server: Server, host: string, port: number, folder: string): Promise<string> {
  const remembered = port === 0 ? await rememberedPort(folder) : null;
  if (remembered === null) await bind(server, host, port);
  else {
    await bind(server, host, remembered).catch(() => bind(server, host, 0));
  }
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  await replaceFile(join(folder, 'port'), String(address.port));
  const named = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${named.includes(':') ? `[${named}]` : named}:${address.port}`;
}

async function rememberedPort(folder: string): Promise<number | null> {
  try {
    const port = Number(await readFile(join(folder, 'port'), 'utf8'));
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : null;
  } catch {
    return null;
  }
}

function bind(server: Server, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const settle = (error?: Error): void => {
    server.off('error', settle);
    server.off('listening', settle);
    if (error === undefined) resolve();
    else reject(error);
  };
  server.once('error', settle);
  server.once('listening', settle);
  server.listen(port, host);
  return promise;
}

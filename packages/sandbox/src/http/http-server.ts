import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { replaceFile } from '../private-files.ts';
import { errorReply } from './reply.ts';
import { handleRequest } from './routes.ts';
import type { Services } from './routes.ts';
import { send } from './send.ts';

/** Timeout for receiving a whole request. */
const REQUEST_MS = 30_000;
/** Longer than clients keep idle connections, so that no connection closes while a client reuses it. */
const KEEP_ALIVE_MS = 75_000;

export interface ServerOptions {
  readonly services: Services;
  /** The origin of the URLs in responses. Called only after the server listens. */
  readonly origin: () => string;
  /** Aborts all pending responses when the sandbox closes. */
  readonly closing: AbortSignal;
  /** Receives failed requests. */
  readonly log: (event: { message: string; [key: string]: unknown }) => void;
}

export interface SandboxServer extends AsyncDisposable {
  /** Not listening yet when it is created. */
  readonly server: Server;
}

/** Creates the HTTP server. No request makes it throw. Disposing it closes all connections and waits for their handlers. */
export function sandboxServer({ services, origin, closing, log }: ServerOptions): SandboxServer {
  const pending = new Set<Promise<void>>();
  const server = createServer(
    { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, keepAliveTimeout: KEEP_ALIVE_MS },
    (request, response) => {
      const work = serve(request, response).finally(() => pending.delete(work));
      pending.add(work);
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
      // The callback gets an error when the server was not listening; it is closed in that case too.
      server.close(() => {
        resolve();
      });
      server.closeAllConnections();
      await promise;
      await Promise.all(pending);
    },
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => {
      gone.abort();
    });
    const signal = AbortSignal.any([gone.signal, closing]);
    try {
      const reply = await handleRequest(services, { request, origin: origin(), signal });
      await send(reply, request, response, signal);
    } catch (error) {
      if (!signal.aborted) log({ message: 'request failed', path: request.url, reason: String(error) });
      if (signal.aborted || response.headersSent) response.destroy();
      else await send(errorReply(500, 'Internal server error'), request, response, signal);
    }
  }
}

/**
 * Listens, and stores the port in `folder`, so that URLs issued before a restart keep working.
 *
 * @param port 0: the stored port if it is free, else any free port
 * @returns the origin, `http://host:port`; the loopback origin when the host is a wildcard address
 * @throws when the port is in use
 */
export async function listen(server: Server, host: string, port: number, folder: string): Promise<string> {
  const lastPort = port === 0 ? await readLastPort(folder) : null;
  if (lastPort === null) await bind(server, host, port);
  else {
    await bind(server, host, lastPort).catch(() => bind(server, host, 0));
  }
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no TCP address.');
  await replaceFile(join(folder, 'port'), String(address.port));
  const named = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${named.includes(':') ? `[${named}]` : named}:${address.port}`;
}

async function readLastPort(folder: string): Promise<number | null> {
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

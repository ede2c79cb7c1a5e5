import { createReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Reply } from './reply.ts';

/** How long a `hang` keeps a connection open. */
const HANG_MS = 120_000;

/**
 * Writes a reply. A client that has disconnected is not an error.
 *
 * @param signal aborts a hanging or streaming response
 */
export async function send(
  reply: Reply,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  if (reply.kind === 'destroy') {
    request.socket.destroy();
    return;
  }
  if (reply.kind === 'hang') {
    await hang(response, signal);
    return;
  }
  const length = reply.kind === 'file' ? reply.length : Buffer.byteLength(reply.body);
  response.writeHead(reply.status, { ...reply.headers, 'content-length': String(length) });
  if (request.method === 'HEAD' || length === 0) {
    response.end();
    return;
  }
  if (reply.kind === 'bytes') {
    response.end(reply.body);
    return;
  }
  const file = createReadStream(reply.path, { start: reply.start, end: reply.start + reply.length - 1 });
  await pipeline(file, response, { signal });
}

/** Sends nothing until the client disconnects, `signal` aborts or HANG_MS have passed. */
async function hang(response: ServerResponse, signal: AbortSignal): Promise<void> {
  // A response that has already closed emits no second `close`.
  if (signal.aborted || response.destroyed) {
    response.destroy();
    return;
  }
  const { promise, resolve } = Promise.withResolvers<void>();
  const disconnect = (): void => {
    response.destroy();
  };
  const timer = setTimeout(disconnect, HANG_MS);
  signal.addEventListener('abort', disconnect);
  response.once('close', () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', disconnect);
    resolve();
  });
  await promise;
}

import type { IncomingMessage, Server } from 'node:http';
import { isForm } from './multipart.ts';
import { MAX_BODY_BYTES } from './request-body.ts';

/** Bytes of all bodies that have begun to arrive and are not complete. Forms are counted by the upload slots. */
const MAX_ARRIVING_BYTES = 64 * 1024 * 1024;
/** Shorter bodies mostly come in one piece, and are not counted. */
const SMALL_BYTES = 16 * 1024;
const SWEEP_MS = 200;

/**
 * Cuts the connections whose bodies have been arriving for longest when all that arrive hold too much memory: a body of 1 MiB may
 * take a minute and a half, and a client may have many connections.
 */
export function boundArrivingBodies(server: Server): void {
  /** What had been read from the connection when the body began. The oldest request is first. */
  const arriving = new Map<IncomingMessage, number>();
  server.on('request', (request) => {
    const length = Number(request.headers['content-length'] ?? (request.complete ? 0 : Infinity));
    if (length < SMALL_BYTES || isForm(request)) return;
    arriving.set(request, request.socket.bytesRead);
    request.once('close', () => arriving.delete(request));
  });
  server.once('listening', () => {
    const sweep = setInterval(() => {
      let held = arriving.entries().reduce((sum, [request, start]) => sum + heldBy(request, start), 0);
      for (const [request, start] of arriving) {
        if (held <= MAX_ARRIVING_BYTES) return;
        held -= heldBy(request, start);
        request.socket.destroy();
      }
    }, SWEEP_MS);
    server.once('close', () => clearInterval(sweep));
  });
}

function heldBy({ socket, complete }: IncomingMessage, start: number): number {
  return complete ? 0 : Math.min(MAX_BODY_BYTES, socket.bytesRead - start);
}

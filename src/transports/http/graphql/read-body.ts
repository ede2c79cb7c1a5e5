import type { IncomingMessage } from 'node:http';
import type { GraphQLError } from 'graphql';
import { refusal } from '../../../graphql/errors.ts';

/** The outcome of reading a body. */
export type ReadBody =
  | { readonly type: 'whole'; readonly bytes: Buffer }
  | { readonly type: 'too-large' }
  /** The client sent nothing for 20 seconds, or, after 30 seconds, less than 16 KiB a second on average. */
  | { readonly type: 'too-slow' }
  /** The client disconnected before its end. */
  | { readonly type: 'incomplete' };

/** The rate is checked once a second. Time in which the process was suspended does not count. */
const TICK_MS = 1000;
const IDLE_SECONDS = 20;
const GRACE_SECONDS = 30;
const MIN_BYTES_PER_SECOND = 16 * 1024;

const FIRST_BYTES = 64 * 1024;
const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Reads a body up to a limit. The rest of a larger body is discarded: an unread rest would block the next requests of the
 * connection.
 */
export function readBody(request: IncomingMessage, maxBytes: number): ReadBody | Promise<ReadBody> {
  const contentLength = Number(request.headers['content-length'] ?? 0);
  if (contentLength > maxBytes) return { type: 'too-large' };
  if (contentLength > 0 && request.readableLength === contentLength) {
    // The body arrived with the head, as in most requests.
    const bytes: Buffer = request.read();
    request.resume();
    return { type: 'whole', bytes };
  }
  // The client has disconnected already; `close` is not emitted again.
  if (request.destroyed) return { type: 'incomplete' };
  const { promise, resolve } = Promise.withResolvers<ReadBody>();
  const stopWatching = watchRate(request, () => resolve({ type: 'too-slow' }));
  // Chunks are copied, not kept: a client may send chunks of one byte, and each would take a hundred bytes of memory.
  let bytes = NOTHING;
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    const start = length;
    length += chunk.length;
    if (length > maxBytes) {
      bytes = NOTHING;
      resolve({ type: 'too-large' });
      return;
    }
    if (start === 0 && length === contentLength) {
      // The whole body in one piece, as in most requests.
      bytes = chunk;
      return;
    }
    if (length > bytes.length) {
      // Content-Length alone allocates no memory.
      const more =
        bytes.length === 0
          ? Math.min(contentLength || FIRST_BYTES, FIRST_BYTES)
          : contentLength || 2 * bytes.length;
      bytes = grown(bytes, Math.min(maxBytes, Math.max(length, more)));
    }
    chunk.copy(bytes, start);
  });
  request.on('end', () =>
    resolve({ type: 'whole', bytes: length === bytes.length ? bytes : bytes.subarray(0, length) }),
  );
  // An error without a listener only closes the request.
  request.on('close', () => resolve({ type: 'incomplete' }));
  return promise.finally(stopWatching);
}

/**
 * Watches the rate at which a body arrives.
 *
 * @returns stops checking
 */
export function watchRate(request: IncomingMessage, onTooSlow: () => void): () => void {
  let length = 0;
  let seconds = 0;
  let idleSeconds = 0;
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    idleSeconds = 0;
  });
  const timer = setInterval(() => {
    seconds += 1;
    idleSeconds += 1;
    const wanted = (seconds - GRACE_SECONDS) * MIN_BYTES_PER_SECOND;
    if (idleSeconds >= IDLE_SECONDS || length < wanted) onTooSlow();
  }, TICK_MS);
  return () => clearInterval(timer);
}

function grown(bytes: Buffer, length: number): Buffer {
  const larger = Buffer.allocUnsafe(length);
  bytes.copy(larger);
  return larger;
}

/** A body arrives too slowly. The connection is closed. */
export function tooSlow(): GraphQLError {
  const message =
    'The body made no progress for 20 seconds, or arrived at less than 16 KiB a second. Send it again over a better connection.';
  return refusal(408, 'REQUEST_TIMEOUT', message, { connection: 'close' });
}

/** A request is malformed. */
export function badRequest(message: string): GraphQLError {
  return refusal(400, 'BAD_REQUEST', message);
}

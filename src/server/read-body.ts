import type { IncomingMessage } from 'node:http';

/** What became of a body. */
export type ReadBody =
  | { readonly type: 'whole'; readonly bytes: Buffer }
  | { readonly type: 'too-large' }
  /** The client went away before its end. */
  | { readonly type: 'cut' };

const FIRST_BYTES = 64 * 1024;
const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Reads a body up to a limit. What comes after it is let pass, as it would otherwise block the connection for the
 * requests that follow.
 */
export function readBody(request: IncomingMessage, maxBytes: number): ReadBody | Promise<ReadBody> {
  const toldLength = Number(request.headers['content-length'] ?? 0);
  if (toldLength > maxBytes) return { type: 'too-large' };
  if (toldLength > 0 && request.readableLength === toldLength) {
    // It came with its head, as with most requests: nothing to wait for.
    const bytes: Buffer = request.read();
    request.resume();
    return { type: 'whole', bytes };
  }
  const { promise, resolve } = Promise.withResolvers<ReadBody>();
  // Chunks are copied, not kept: a client may send them with a byte each, and each would take a hundred.
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
    if (start === 0 && length === toldLength) {
      // All of it in one piece, as with most requests: nothing to gather.
      bytes = chunk;
      return;
    }
    if (length > bytes.length) {
      // What a client only says that it will send takes no room.
      const more =
        bytes.length === 0
          ? Math.min(toldLength || FIRST_BYTES, FIRST_BYTES)
          : toldLength || 2 * bytes.length;
      bytes = grown(bytes, Math.min(maxBytes, Math.max(length, more)));
    }
    chunk.copy(bytes, start);
  });
  request.on('end', () =>
    resolve({ type: 'whole', bytes: length === bytes.length ? bytes : bytes.subarray(0, length) }),
  );
  // Without a listener of its own, an error only closes.
  request.on('close', () => resolve({ type: 'cut' }));
  return promise;
}

function grown(bytes: Buffer, length: number): Buffer {
  const larger = Buffer.allocUnsafe(length);
  bytes.copy(larger);
  return larger;
}

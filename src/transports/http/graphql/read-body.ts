import type { IncomingMessage } from 'node:http';

/** What became of a body. */
export type ReadBody =
  | { readonly type: 'whole'; readonly bytes: Buffer }
  | { readonly type: 'too-large' }
  /** The client sent nothing for 20 seconds, or, after 30 seconds, less than 16 KiB a second on average. */
  | { readonly type: 'too-slow' }
  /** The client went away before its end. */
  | { readonly type: 'cut' };

/** A body is watched once a second; the time in which the process was stopped does not count. */
const TICK_MS = 1000;
const IDLE_SECONDS = 20;
const GRACE_SECONDS = 30;
const MIN_BYTES_PER_SECOND = 16 * 1024;

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
  // Its client went before it was read, and will not say so again.
  if (request.destroyed) return { type: 'cut' };
  const { promise, resolve } = Promise.withResolvers<ReadBody>();
  const stopWatching = watchPace(request, () => resolve({ type: 'too-slow' }));
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
  return promise.finally(stopWatching);
}

/**
 * Watches how fast a body arrives.
 *
 * @returns what ends that
 */
export function watchPace(request: IncomingMessage, onTooSlow: () => void): () => void {
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

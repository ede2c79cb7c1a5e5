import type { IncomingMessage } from 'node:http';

/** What became of a body. */
export type ReadBody =
  | { readonly type: 'whole'; readonly bytes: Buffer }
  | { readonly type: 'too-large' }
  /** The client went away before its end. */
  | { readonly type: 'cut' };

/**
 * Reads a body up to a limit. What comes after it is let pass, as it would otherwise block the connection for the
 * requests that follow.
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<ReadBody> {
  if (Number(request.headers['content-length']) > maxBytes) return Promise.resolve({ type: 'too-large' });
  const { promise, resolve } = Promise.withResolvers<ReadBody>();
  const chunks: Buffer[] = [];
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= maxBytes) chunks.push(chunk);
    else {
      chunks.length = 0;
      resolve({ type: 'too-large' });
    }
  });
  request.once('end', () => resolve({ type: 'whole', bytes: Buffer.concat(chunks) }));
  request.once('error', () => resolve({ type: 'cut' }));
  request.once('close', () => resolve({ type: 'cut' }));
  return promise;
}

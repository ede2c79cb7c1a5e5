import type { IncomingMessage } from 'node:http';

/** Limit of request bodies, except uploads. */
export const MAX_BODY_BYTES = 1024 * 1024;
/** A body over its limit is still read up to this length, because a client that is sending does not read the response. */
const MAX_READ_BYTES = 16 * 1024 * 1024;

/**
 * @param maxBytes at most 16 MiB
 * @returns the body as text; null when it is longer than `maxBytes`
 * @throws when the client disconnects
 */
export async function readBody(
  request: IncomingMessage,
  maxBytes: number = MAX_BODY_BYTES,
): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    length += chunk.length;
    if (length <= maxBytes) chunks.push(chunk);
    else if (length > MAX_READ_BYTES) return null;
  }
  return length > maxBytes ? null : Buffer.concat(chunks).toString('utf8');
}

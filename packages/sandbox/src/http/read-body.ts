import type { IncomingMessage } from 'node:http';

/** The longest request body that is taken, but for uploads. */
export const MAX_BODY_BYTES = 1024 * 1024;
/** A longer one is read to its end, unless it is longer than this: a client that is still sending hears no answer. */
const MAX_READ_BYTES = 16 * 1024 * 1024;

/**
 * The whole body as text, or null when it is longer than allowed.
 *
 * @param maxBytes at most 16 MiB
 * @throws when the client goes away meanwhile
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

/** A part of a stream. */
export interface StreamPart {
  /** Bytes before the part. */
  readonly skip: number;
  /** Bytes of the part; null: to the end. */
  readonly length: number | null;
}

/**
 * Yields exactly one part of a stream, then closes the stream. Fails when the stream ends before: the client must not take what came for
 * the whole.
 *
 * @param onProgress called with the bytes of each piece of data that arrives
 */
export async function* exactBytes(
  source: AsyncIterable<Buffer>,
  { skip, length }: StreamPart,
  onProgress: (bytes: number) => void,
): AsyncGenerator<Buffer, void, undefined> {
  let toSkip = skip;
  let left = length ?? Infinity;
  if (left === 0) return;
  for await (const chunk of source) {
    onProgress(chunk.length);
    const rest = chunk.subarray(Math.min(toSkip, chunk.length));
    toSkip -= chunk.length - rest.length;
    const part = rest.subarray(0, Math.min(left, rest.length));
    left -= part.length;
    if (part.length > 0) yield part;
    if (left === 0) return;
  }
  if (toSkip > 0 || left !== Infinity) throw new Error('The video is shorter than its source reported.');
}

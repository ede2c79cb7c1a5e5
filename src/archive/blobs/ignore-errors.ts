import type { Readable } from 'node:stream';

/** Keeps an error of a stream that has no reader from ending the process. Readers still get it. */
export function ignoreErrors(stream: Readable): void {
  stream.on('error', () => {});
}

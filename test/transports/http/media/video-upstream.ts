import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** Bytes that begin as an MP4 does, and differ at every place. */
export const VIDEO_BYTES = Buffer.concat([
  Buffer.from('000000186674797069736f6d0000020069736f6d69736f32', 'hex'),
  Buffer.from(Array.from({ length: 200_000 }, (_, at) => (at * 7 + (at >> 8)) & 0xff)),
]);

/** Starts a server that ends with the test. @returns its origin */
export async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const { port }: AddressInfo = Object(server.address());
  return `http://127.0.0.1:${port}`;
}

/** An upstream that answers ranges as object storage does. */
export const withRanges: RequestListener = rangesOf(VIDEO_BYTES);

/** Serves bytes with ranges. */
export function rangesOf(bytes: Buffer): RequestListener {
  return (request, response) => {
    const { length } = bytes;
    const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    if (first === '' && last === '') {
      response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': length, etag: '"upstream"' });
      response.end(bytes);
      return;
    }
    const start = first === '' ? Math.max(0, length - Number(last)) : Number(first);
    const end = first === '' || last === '' ? length - 1 : Math.min(Number(last), length - 1);
    if (start > end) {
      response.writeHead(416, { 'content-range': `bytes */${length}` }).end();
      return;
    }
    response.writeHead(206, {
      'content-type': 'video/mp4',
      'content-length': end - start + 1,
      'content-range': `bytes ${start}-${end}/${length}`,
    });
    response.end(bytes.subarray(start, end + 1));
  };
}

/** An upstream that ignores Range. */
export const withoutRanges: RequestListener = wholeOf(VIDEO_BYTES);

/** Serves bytes, always whole. */
export function wholeOf(bytes: Buffer): RequestListener {
  return (_, response) => {
    response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': bytes.length }).end(bytes);
  };
}

/** An upstream that ignores Range and does not tell the length. */
export function withoutLength(_: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/octet-stream' }).write(VIDEO_BYTES.subarray(0, 99));
  response.end(VIDEO_BYTES.subarray(99));
}

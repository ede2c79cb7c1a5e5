import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';

const decoders = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};
/** Some servers send `deflate` without the zlib header that RFC 9110, 8.4.1.2 asks for. */
const rawDeflate = promisify(inflateRaw);

/**
 * Undoes the content encoding of a body. The client asks for `identity`, which proxies do not always heed.
 *
 * @param encodings the header: names with commas in between, in the order in which they were applied
 * @param maxBytes of each decoded body
 * @returns null when the body is broken, decodes to more than allowed, or has another encoding than gzip, deflate, br
 */
export async function decodeBody(body: Buffer, encodings: string, maxBytes: number): Promise<Buffer | null> {
  let decoded = body;
  try {
    for (const encoding of encodings.toLowerCase().split(',').toReversed()) {
      if (decoded.length > 0) decoded = await decode(decoded, encoding.trim(), maxBytes);
    }
  } catch {
    return null;
  }
  return decoded;
}

async function decode(body: Buffer, encoding: string, maxOutputLength: number): Promise<Buffer> {
  switch (encoding) {
    case '':
    case 'identity':
      return body;
    case 'gzip':
    case 'x-gzip':
      return await decoders.gzip(body, { maxOutputLength });
    case 'br':
      return await decoders.br(body, { maxOutputLength });
    case 'deflate':
      // The low half of a zlib header's first byte is 8 (RFC 1950); no compressed block of a raw stream begins so.
      return await ((body[0] ?? 0) % 16 === 8 ? decoders.deflate : rawDeflate)(body, { maxOutputLength });
    default:
      throw new Error(`unknown content encoding: ${encoding}`);
  }
}

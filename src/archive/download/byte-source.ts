import { Readable } from 'node:stream';

/** Bytes that can be read in any order. */
export interface ByteSource {
  readonly byteLength: number;
  /** @returns fewer bytes only at the end */
  read(position: number, length: number): Promise<Buffer>;
  /** All bytes, from the first. */
  stream(): Readable;
}

/** Bytes in memory. */
export function bytesInMemory(bytes: Buffer): ByteSource {
  return {
    byteLength: bytes.length,
    read: async (position, length) => bytes.subarray(position, position + length),
    stream: () => Readable.from([bytes]),
  };
}

/**
 * The port to the storage of files. Keys are relative paths of plain segments, such as `videos/47/vj_….mp4`; `checkKey` has their rule.
 * Every method rejects with `BlobStoreError` when the storage fails, and a later call may succeed; with the signal's reason when the signal
 * is aborted; with RangeError when the key is invalid.
 */
import type { Readable } from 'node:stream';

/** The storage cannot be reached, refuses access or is full. The message says what to do. */
export class BlobStoreError extends Error {
  override readonly name = 'BlobStoreError';
}

/** The body of a new file has another length than announced. */
export class BodyLengthError extends Error {
  override readonly name = 'BodyLengthError';

  constructor(announced: number, received: string) {
    super(`The file should have ${announced} bytes and has ${received}. Nothing was stored.`);
  }
}

/** A part of a file in bytes, both ends included, within its length. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** A new file. */
export interface NewBlob {
  readonly byteLength: number;
  readonly contentType: string;
  /** Ends the transfer. */
  readonly signal: AbortSignal;
}

/** Stored files. A file is never visible in part. */
export interface BlobStore {
  /**
   * Stores a file, replacing an earlier one. A body that fails or has another length stores nothing.
   *
   * @param body is read to its end or destroyed
   * @throws BodyLengthError; the error of a body that fails, unchanged
   */
  put(key: string, body: Readable, blob: NewBlob): Promise<void>;
  /**
   * Reads a file or a part of it.
   *
   * @param range null: the whole file
   * @param signal ends the transfer
   * @returns a stream that the caller reads or destroys, with a listener for errors; null when there is no such file
   */
  get(key: string, range: ByteRange | null, signal: AbortSignal): Promise<Readable | null>;
  /** Returns the length of a file in bytes; null when there is no such file. */
  head(key: string, signal?: AbortSignal): Promise<number | null>;
  /** Deletes a file. Does nothing when there is no such file. */
  delete(key: string, signal?: AbortSignal): Promise<void>;
}

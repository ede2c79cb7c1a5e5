import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import {
  type BlobStore,
  BlobStoreError,
  BodyLengthError,
  type ByteRange,
  type NewBlob,
} from '../../blob-store.ts';
import { checkKey } from '../blob-key.ts';
import { ignoreErrors } from '../ignore-errors.ts';
import { isMissingFile, s3Fault } from './s3-faults.ts';

export interface S3BlobStoreOptions {
  readonly client: S3Client;
  readonly bucket: string;
  /** Of all keys, without a slash at its ends; empty: none. */
  readonly prefix: string;
  /** The bucket and its service, for messages, such as `bucket my-bucket at http://minio:9000`. */
  readonly place: string;
}

/** Milliseconds for a call without a body, its repetitions included. */
const CALL_TIMEOUT_MS = 60_000;
/** A name that no job has. */
const CHECK_KEY = 'start-check';

/**
 * Files in a bucket of S3 or a compatible service. Only calls that all of these services know are used, and a file is written by one PUT with a
 * known length: it is stored as a whole or not at all.
 */
export class S3BlobStore implements BlobStore {
  readonly #options: S3BlobStoreOptions;

  constructor(options: S3BlobStoreOptions) {
    this.#options = options;
  }

  async put(key: string, body: Readable, { byteLength, contentType, signal }: NewBlob): Promise<void> {
    const measured = new MeasuredBody(body, byteLength);
    try {
      signal.throwIfAborted();
      const object = this.#objectOf(key);
      const Body = measured.stream();
      const command = new PutObjectCommand({
        ...object,
        Body,
        ContentLength: byteLength,
        ContentType: contentType,
      });
      await this.#options.client.send(command, { abortSignal: signal });
    } catch (error) {
      body.destroy();
      if (signal.aborted) throw signal.reason;
      if (measured.failure !== null) throw measured.failure.error;
      throw error instanceof RangeError ? error : this.#fault(error);
    }
  }

  async get(key: string, range: ByteRange | null, signal: AbortSignal): Promise<Readable | null> {
    const object = this.#objectOf(key);
    signal.throwIfAborted();
    const part = range === null ? {} : { Range: `bytes=${range.start}-${range.end}` };
    try {
      const command = new GetObjectCommand({ ...object, ...part });
      const { Body, ContentRange } = await this.#options.client.send(command, { abortSignal: signal });
      if (!(Body instanceof Readable)) throw new TypeError('the answer has no body');
      ignoreErrors(Body);
      if (range === null || ContentRange !== undefined) return Body;
      Body.destroy();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (isMissingFile(error)) return null;
      throw this.#fault(error);
    }
    throw new BlobStoreError(
      `The ${this.#options.place} ignored a Range header; use a service that supports it.`,
    );
  }

  async head(key: string, signal?: AbortSignal): Promise<number | null> {
    const command = new HeadObjectCommand(this.#objectOf(key));
    signal?.throwIfAborted();
    try {
      const { ContentLength } = await this.#options.client.send(command, deadline(signal));
      return ContentLength ?? null;
    } catch (error) {
      signal?.throwIfAborted();
      if (isMissingFile(error)) return null;
      throw this.#fault(error);
    }
  }

  async delete(key: string, signal?: AbortSignal): Promise<void> {
    const command = new DeleteObjectCommand(this.#objectOf(key));
    signal?.throwIfAborted();
    try {
      await this.#options.client.send(command, deadline(signal));
    } catch (error) {
      signal?.throwIfAborted();
      if (!isMissingFile(error)) throw this.#fault(error);
    }
  }

  /**
   * Tries the calls that this process will make, so that wrong settings show at the start and not with the first video.
   *
   * @param writes whether this process stores videos
   * @throws BlobStoreError; the signal's reason
   */
  async check({ writes, signal }: { readonly writes: boolean; readonly signal: AbortSignal }): Promise<void> {
    const bytes = Buffer.from('reelgate\n');
    if (writes) {
      await this.put(CHECK_KEY, Readable.from([bytes]), {
        byteLength: bytes.length,
        contentType: 'text/plain',
        signal,
      });
    }
    // An answer to HEAD has no code that says what is wrong.
    (await this.get(CHECK_KEY, null, signal))?.destroy();
    await this.head(CHECK_KEY, signal);
    if (writes) await this.delete(CHECK_KEY, signal);
  }

  #fault(error: unknown): BlobStoreError {
    return s3Fault(error, this.#options.place);
  }

  /** @throws RangeError */
  #objectOf(key: string) {
    checkKey(key);
    const { bucket, prefix } = this.#options;
    return { Bucket: bucket, Key: prefix === '' ? key : `${prefix}/${key}` };
  }
}

function deadline(signal: AbortSignal | undefined) {
  const timeout = AbortSignal.timeout(CALL_TIMEOUT_MS);
  return { abortSignal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]) };
}

/** The body of a request, which never ends normally unless it has the announced length. */
class MeasuredBody {
  /** Set when the body failed or has another length. */
  failure: { readonly error: unknown } | null = null;
  readonly #body: Readable;
  readonly #byteLength: number;

  constructor(body: Readable, byteLength: number) {
    this.#body = body;
    this.#byteLength = byteLength;
    // The loop below reads it.
    ignoreErrors(body);
  }

  stream(): Readable {
    return Readable.from(this.#chunks(), { objectMode: false });
  }

  /**
   * Holds back the last chunk until the body has ended: the service stores a file as soon as it has all announced bytes. An error that is
   * thrown at `yield` is the connection's.
   */
  async *#chunks(): AsyncGenerator<Buffer> {
    const chunks = this.#body[Symbol.asyncIterator]();
    let length = 0;
    let last: Buffer | null = null;
    for (;;) {
      const next = await this.#read(chunks, length);
      if (last !== null) yield last;
      if (next === null) return;
      length += next.length;
      last = next;
    }
  }

  /** @returns null at the end */
  async #read(chunks: AsyncIterator<unknown>, length: number): Promise<Buffer | null> {
    try {
      const { done, value } = await chunks.next();
      if (done === true && length < this.#byteLength) {
        throw new BodyLengthError(this.#byteLength, String(length));
      }
      if (done === true) return null;
      if (!Buffer.isBuffer(value)) throw new TypeError('The body of a file has to consist of buffers.');
      if (length + value.length > this.#byteLength) throw new BodyLengthError(this.#byteLength, 'more');
      return value;
    } catch (error) {
      this.failure = { error };
      throw error;
    }
  }
}

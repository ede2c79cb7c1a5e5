import { randomUUID } from 'node:crypto';
import { type FileHandle, open, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { BlobStoreError } from '../blob-store.ts';
import type { ByteSource } from './byte-source.ts';

const PREFIX = 'reelgate-download-';
const FILE_MODE = 0o600;
/** Bytes of one read. */
const CHUNK = 256 * 1024;
/** Milliseconds after which a file that still has its name is left over from a crash. */
const ABANDONED_MS = 60_000;

/**
 * A private file for a download. Its name is removed at once, so the system frees its space when it is closed, also after a crash. Every
 * method rejects with `BlobStoreError` when the disk fails.
 */
export class TempFile implements ByteSource, AsyncDisposable {
  readonly #folder: string;
  readonly #handle: FileHandle;
  #byteLength = 0;

  private constructor(folder: string, handle: FileHandle) {
    this.#folder = folder;
    this.#handle = handle;
  }

  static async create(folder: string): Promise<TempFile> {
    const path = join(folder, `${PREFIX}${randomUUID()}`);
    try {
      await using resources = new AsyncDisposableStack();
      const handle = resources.use(await open(path, 'wx+', FILE_MODE));
      await unlink(path);
      resources.move();
      return new TempFile(folder, handle);
    } catch (error) {
      throw fault(folder, error);
    }
  }

  /** Bytes written so far. */
  get byteLength(): number {
    return this.#byteLength;
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let written = 0; written < bytes.length;) {
      const rest = bytes.subarray(written);
      const { bytesWritten } = await this.#attempt(() =>
        this.#handle.write(rest, 0, rest.length, this.#byteLength),
      );
      written += bytesWritten;
      this.#byteLength += bytesWritten;
    }
  }

  /** Deletes the content. */
  async clear(): Promise<void> {
    await this.#attempt(() => this.#handle.truncate(0));
    this.#byteLength = 0;
  }

  async read(position: number, length: number): Promise<Buffer> {
    const { buffer, bytesRead } = await this.#attempt(() =>
      this.#handle.read(Buffer.allocUnsafe(length), 0, length, position),
    );
    return buffer.subarray(0, bytesRead);
  }

  stream(): Readable {
    return Readable.from(this.#chunks(), { objectMode: false });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }

  async *#chunks(): AsyncGenerator<Buffer> {
    for (let position = 0; position < this.#byteLength; position += CHUNK) {
      yield await this.read(position, Math.min(CHUNK, this.#byteLength - position));
    }
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw fault(this.#folder, error);
    }
  }
}

/** Deletes files whose process was killed before it removed their names. They are empty. */
export async function removeAbandonedFiles(folder: string, now: number): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((one) => one.startsWith(PREFIX))) {
    const path = join(folder, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: now }));
    // Another process may be about to remove the name.
    if (now - mtimeMs > ABANDONED_MS) await unlink(path).catch(() => {});
  }
}

function fault(folder: string, error: unknown): BlobStoreError {
  const reason = error instanceof Error ? error.message : String(error);
  // Without a cause, whose message the log would repeat.
  return new BlobStoreError(
    `Downloads cannot be written to ${folder}: free some space, or give this user access (${reason})`,
  );
}

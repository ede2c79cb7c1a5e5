import { randomUUID } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { addAbortSignal, type Readable } from 'node:stream';
import { LRUCache } from 'lru-cache';
import { emitFault } from '../../events/emit-fault.ts';
import type { EventEmitter } from '../../events/gateway-events.ts';
import {
  type BlobStore,
  BlobStoreError,
  BodyLengthError,
  type ByteRange,
  type NewBlob,
} from '../blob-store.ts';
import { ArchiveFolder, FILE_MODE, isMissing, syncFolder } from './archive-folder.ts';
import { checkKey } from './blob-key.ts';
import { DiskReserve } from './disk-reserve.ts';
import { ignoreErrors } from './ignore-errors.ts';

export interface FolderBlobStoreOptions {
  /** Its parent exists. */
  readonly path: string;
  /** Whether other processes store files in the folder as well. */
  readonly isShared: boolean;
  /** Epoch milliseconds of the machine. */
  readonly now: () => number;
  readonly events: EventEmitter;
}

/** Files that are being written. Keys have no segments that begin with a dot. */
const INCOMING = '.incoming';
/** Milliseconds without a write after which a file of another process is left over from a crash. */
const ABANDONED_MS = 6 * 60 * 60 * 1000;
/** Milliseconds between two searches for abandoned files. */
const SWEEP_INTERVAL_MS = 60 * 60 * 1000;
/** A link could lead to any file of the machine; opening a pipe would wait for its writer. */
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Names that are no files and were reported; past it the oldest may be reported again. */
const MAX_REPORTED = 1000;

/**
 * Files in a folder. A new file is written under another name on the same disk and renamed when it is complete and on the disk, so that no crash
 * leaves a part of it under its own name.
 */
export class FolderBlobStore implements BlobStore {
  readonly #folder: ArchiveFolder;
  readonly #options: FolderBlobStoreOptions;
  readonly #reserve: DiskReserve;
  readonly #reported = new LRUCache<string, true>({ max: MAX_REPORTED });
  #sweptAt: number;

  private constructor(folder: ArchiveFolder, options: FolderBlobStoreOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#reserve = new DiskReserve(folder.path);
    this.#sweptAt = options.now();
  }

  /**
   * Opens the folder, creates it when it is missing, and deletes what a crash left over.
   *
   * @throws Error of the system
   */
  static async open(options: FolderBlobStoreOptions): Promise<FolderBlobStore> {
    const store = new FolderBlobStore(await ArchiveFolder.open(options.path), options);
    await store.#folder.makeParents(store.#incoming('any'));
    await store.#sweep(options.isShared ? ABANDONED_MS : null);
    return store;
  }

  /** Tells this folder from all others, also from a later one at the same path. */
  get place(): string {
    return `folder ${this.#folder.id}`;
  }

  async put(key: string, body: Readable, { byteLength, signal }: NewBlob): Promise<void> {
    // The loop that writes reads it.
    ignoreErrors(body);
    try {
      const path = this.#pathOf(key);
      signal.throwIfAborted();
      addAbortSignal(signal, body);
      await this.#folder.check();
      await this.#sweepIfDue();
      using space = new DisposableStack();
      space.use(await this.#attempt(() => this.#reserve.claim(byteLength)));
      const incoming = this.#incoming(randomUUID());
      try {
        await this.#write(incoming, body, byteLength);
        signal.throwIfAborted();
        await this.#attempt(() => this.#publish(incoming, path));
      } catch (error) {
        await rm(incoming, { force: true }).catch(() => {});
        throw error;
      }
    } catch (error) {
      body.destroy();
      throw signal.aborted ? signal.reason : error;
    }
  }

  async get(key: string, range: ByteRange | null, signal: AbortSignal): Promise<Readable | null> {
    const path = this.#pathOf(key);
    signal.throwIfAborted();
    if ((await this.#stat(path)) === null) return null;
    const handle = await this.#find(() => open(path, READ_FLAGS));
    if (handle === null) return null;
    await using resources = new AsyncDisposableStack();
    resources.use(handle);
    const stats = await this.#attempt(() => handle.stat());
    signal.throwIfAborted();
    if (!stats.isFile()) return null;
    resources.move();
    // The signal adds a listener for errors.
    return handle.createReadStream({ ...range, signal });
  }

  async head(key: string, signal?: AbortSignal): Promise<number | null> {
    const path = this.#pathOf(key);
    signal?.throwIfAborted();
    return (await this.#stat(path))?.size ?? null;
  }

  async delete(key: string, signal?: AbortSignal): Promise<void> {
    const path = this.#pathOf(key);
    signal?.throwIfAborted();
    const deleted = await this.#find(() => unlink(path).then(() => true));
    if (deleted === true) await this.#attempt(() => syncFolder(dirname(path)));
  }

  /** @returns null when there is no file: something else with its name counts as none, and is replaced by the next upload */
  async #stat(path: string): Promise<Stats | null> {
    const stats = await this.#find(() => lstat(path));
    if (stats === null || stats.isFile()) return stats;
    if (!stats.isDirectory() && !this.#reported.has(path)) {
      this.#reported.set(path, true);
      emitFault(
        this.#options.events,
        'archiver',
        'warn',
        'a name in the archive is a link or no file, and is not read',
        { path },
      );
    }
    return null;
  }

  async #write(path: string, body: Readable, byteLength: number): Promise<void> {
    await using file = await this.#attempt(() => this.#create(path));
    let length = 0;
    for await (const chunk of body) {
      const bytes: Buffer = chunk;
      length += bytes.length;
      if (length > byteLength) throw new BodyLengthError(byteLength, 'more');
      // Continues where the last write ended.
      await this.#attempt(() => file.writeFile(bytes));
    }
    if (length < byteLength) throw new BodyLengthError(byteLength, String(length));
    await this.#attempt(() => file.sync());
  }

  /** Recreates the folder of incoming files when it was deleted. */
  async #create(path: string): Promise<FileHandle> {
    try {
      return await open(path, 'wx', FILE_MODE);
    } catch (error) {
      if (!isMissing(error)) throw error;
      await this.#folder.makeParents(path);
      return open(path, 'wx', FILE_MODE);
    }
  }

  async #publish(incoming: string, path: string): Promise<void> {
    await this.#folder.makeParents(path);
    await rename(incoming, path);
    await syncFolder(dirname(path));
  }

  async #sweepIfDue(): Promise<void> {
    const { isShared, now } = this.#options;
    if (!isShared || now() - this.#sweptAt < SWEEP_INTERVAL_MS) return;
    this.#sweptAt = now();
    await this.#attempt(() => this.#sweep(ABANDONED_MS));
  }

  /** @param ageMs deletes incoming files that were not written for this time; null: all of them, because no other process writes here */
  async #sweep(ageMs: number | null): Promise<void> {
    for (const name of await readdir(join(this.#folder.path, INCOMING))) {
      const path = this.#incoming(name);
      const writtenAt =
        ageMs === null
          ? 0
          : await stat(path).then(
              ({ mtimeMs }) => mtimeMs,
              () => null,
            );
      if (writtenAt === null || this.#options.now() - writtenAt < (ageMs ?? 0)) continue;
      await rm(path, { force: true });
    }
  }

  /** @returns null when the file does not exist; only an intact folder proves that */
  async #find<T>(read: () => Promise<T>): Promise<T | null> {
    try {
      return await read();
    } catch (error) {
      if (!isMissing(error)) throw this.#folder.fault(error);
      await this.#folder.check();
      return null;
    }
  }

  async #attempt<T>(use: () => Promise<T>): Promise<T> {
    try {
      return await use();
    } catch (error) {
      throw error instanceof BlobStoreError ? error : this.#folder.fault(error);
    }
  }

  #incoming(name: string): string {
    return join(this.#folder.path, INCOMING, name);
  }

  /** @throws RangeError */
  #pathOf(key: string): string {
    checkKey(key);
    return join(this.#folder.path, key);
  }
}

import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../private-files.ts';

/** Uploaded files expire after about seven days [docs]. */
const KEPT_MS = 7 * 24 * 3_600_000;
/** Beyond either limit the oldest uploads are deleted, even before they expire. */
const MAX_KEPT = 1_000;
const MAX_KEPT_BYTES = 512 * 1024 * 1024;

const FILE_NAME = /^[0-9a-f]{32}\.(?:png|jpg|webp)$/;

/** The supported formats, as file extensions. */
export type ImageKind = 'png' | 'jpg' | 'webp';

export interface UploadsOptions {
  /** Created if missing. */
  readonly folder: string;
  /** Epoch ms. */
  readonly clock: () => number;
  /** @default 1,000 images and 512 MiB */
  readonly limits?: { readonly count: number; readonly bytes: number };
}

interface Upload {
  readonly savedAt: number;
  readonly byteLength: number;
}

/** Uploaded images, one file each. The modification time of a file is the upload's, so the folder is the whole state. */
export class Uploads {
  readonly #options: UploadsOptions;
  /** By file name, oldest first. */
  readonly #byName = new Map<string, Upload>();
  #bytes = 0;

  constructor(options: UploadsOptions) {
    this.#options = options;
  }

  /** Reads the uploads of earlier runs and deletes temporary files of a crashed run. */
  async load(): Promise<void> {
    const { folder } = this.#options;
    await mkdir(folder, { recursive: true });
    const names = await readdir(folder);
    await Promise.all(names.filter((name) => name.endsWith('.tmp')).map((name) => this.#delete(name)));
    const found = await Promise.all(
      names
        .filter((name) => FILE_NAME.test(name))
        .map(async (name) => {
          const { mtimeMs, size } = await stat(join(folder, name));
          return { name, savedAt: mtimeMs, byteLength: size };
        }),
    );
    for (const { name, ...upload } of found.toSorted((one, other) => one.savedAt - other.savedAt)) {
      this.#add(name, upload);
    }
    await this.sweep();
  }

  /** @returns the name of the file, which is on disk by then */
  async save(kind: ImageKind, bytes: Uint8Array): Promise<string> {
    const name = `${randomBytes(16).toString('hex')}.${kind}`;
    const now = this.#options.clock();
    await replaceFile(this.path(name), bytes);
    await utimes(this.path(name), now / 1000, now / 1000);
    this.#add(name, { savedAt: now, byteLength: bytes.byteLength });
    await this.sweep();
    return name;
  }

  /** The size of an upload in bytes; null when it does not exist or has expired. */
  byteLength(name: string): number | null {
    const upload = this.#byName.get(name);
    return upload === undefined || this.#isExpired(upload) ? null : upload.byteLength;
  }

  path(name: string): string {
    return join(this.#options.folder, name);
  }

  /** Deletes expired uploads, and the oldest ones beyond the limits. */
  async sweep(): Promise<void> {
    const { count, bytes } = this.#options.limits ?? { count: MAX_KEPT, bytes: MAX_KEPT_BYTES };
    const gone: string[] = [];
    for (const [name, upload] of this.#byName) {
      const isOverLimit = this.#byName.size > count || this.#bytes > bytes;
      if (!isOverLimit && !this.#isExpired(upload)) break;
      this.#byName.delete(name);
      this.#bytes -= upload.byteLength;
      gone.push(name);
    }
    await Promise.all(gone.map((name) => this.#delete(name)));
  }

  #add(name: string, upload: Upload): void {
    this.#byName.set(name, upload);
    this.#bytes += upload.byteLength;
  }

  #isExpired({ savedAt }: Upload): boolean {
    return this.#options.clock() >= savedAt + KEPT_MS;
  }

  #delete(name: string): Promise<void> {
    return rm(this.path(name), { force: true });
  }
}

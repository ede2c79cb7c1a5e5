import { statfs } from 'node:fs/promises';
import { BlobStoreError } from '../blob-store.ts';

const MIB = 1024 * 1024;
/** Bytes of the disk that files leave free, and the same as a part of a small disk. */
const RESERVE_BYTES = 256 * MIB;
const RESERVE_PART = 0.05;

/**
 * Free space that the files of the archive leave on their disk. The embedded store is usually on the same one, and a store that cannot write
 * can delete nothing either, so a disk full of videos would stay full.
 */
export class DiskReserve {
  readonly #path: string;
  /** Bytes of the files that are being written. */
  #claimed = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Claims space for a new file until the claim is disposed.
   *
   * @throws BlobStoreError when the rest would be less than the reserve; Error of the system
   */
  async claim(byteLength: number): Promise<Disposable> {
    this.#claimed += byteLength;
    using claim = new DisposableStack();
    claim.defer(() => {
      this.#claimed -= byteLength;
    });
    const { blocks, bavail, bsize } = await statfs(this.#path);
    const free = bavail * bsize;
    const reserve = Math.min(RESERVE_BYTES, blocks * bsize * RESERVE_PART);
    // Some file systems do not know their size.
    if (blocks > 0 && free - this.#claimed < reserve) throw this.#fault(free, reserve);
    return claim.move();
  }

  #fault(free: number, reserve: number): BlobStoreError {
    return new BlobStoreError(
      `The folder of the archive ${this.#path} is on an almost full disk: ${inMib(free)} are free, and ${inMib(reserve)} have to stay free for the job store. Use a larger disk, lower JOB_RETENTION_HOURS or delete jobs; videos are stored again as soon as there is room`,
    );
  }
}

function inMib(bytes: number): string {
  return `${(bytes / MIB).toFixed(bytes < 10 * MIB ? 1 : 0)} MiB`;
}

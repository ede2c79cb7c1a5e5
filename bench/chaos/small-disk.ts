import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FILLER = '.filler';

/** A file system of its own in memory. It needs root on Linux. */
export class SmallDisk implements Disposable {
  readonly path: string;

  constructor(path: string, sizeMiB: number) {
    this.path = path;
    mkdirSync(path, { recursive: true, mode: 0o700 });
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMiB}m,mode=0700`, 'none', path]);
  }

  /** @param freeBytes that stay free */
  fill(freeBytes: number): void {
    const { bavail, bsize } = statfsSync(this.path);
    const bytes = Math.max(0, bavail * bsize - freeBytes);
    writeFileSync(join(this.path, FILLER), Buffer.alloc(bytes));
  }

  empty(): void {
    rmSync(join(this.path, FILLER), { force: true });
  }

  /** Refuses all writes, or accepts them again. */
  setWritable(isWritable: boolean): void {
    execFileSync('mount', ['-o', `remount,${isWritable ? 'rw' : 'ro'}`, this.path]);
  }

  [Symbol.dispose](): void {
    execFileSync('umount', ['--lazy', this.path]);
  }
}

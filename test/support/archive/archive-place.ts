import { execFileSync } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import process from 'node:process';
import { pipeline } from 'node:stream/promises';

/** Where gateways of a test keep videos. */
export interface ArchivePlace extends AsyncDisposable {
  /** The gateway's settings. */
  readonly settings: Readonly<Record<string, string>>;
  /** How `fail` makes it fail, for reports. */
  readonly failure: string;
  /** The names of all stored files, complete or not. */
  list(): Promise<string[]>;
  /** Makes all writes fail until `heal`. */
  fail(): Promise<void>;
  heal(): Promise<void>;
}

const MARK = '.reelgate-archive';
const FILLER = '.filler';
const CHUNK = Buffer.alloc(2 ** 20);

/**
 * The folder of an embedded store. With a size it is a small file system of its own that gets full, which needs root on Linux. Otherwise
 * the folder is away for a while.
 */
export function folderPlace(dataDir: string, sizeMiB: number | null): ArchivePlace {
  const path = join(dataDir, 'archive');
  const away = join(dataDir, 'archive-away');
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const isMounted = sizeMiB !== null && mountMemory(path, sizeMiB);
  return {
    settings: { ARCHIVE: 'folder', DATA_DIR: dataDir },
    failure: isMounted ? 'disk full' : 'folder away',
    list: async () => filesIn(path),
    fail: async () => {
      if (isMounted) await fill(join(path, FILLER));
      else renameSync(path, away);
    },
    heal: async () => {
      if (isMounted) rmSync(join(path, FILLER), { force: true });
      else if (existsSync(away)) {
        // A gateway that started meanwhile has created the folder.
        rmSync(path, { recursive: true, force: true });
        renameSync(away, path);
      }
    },
    [Symbol.asyncDispose]: async () => {
      if (isMounted) execFileSync('umount', ['--lazy', path]);
    },
  };
}

/** @returns whether the file system was mounted */
function mountMemory(path: string, sizeMiB: number): boolean {
  if (process.getuid?.() !== 0) return false;
  try {
    const options = `size=${sizeMiB}m,mode=0700`;
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'none', path], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function* endless() {
  for (;;) yield CHUNK;
}

async function fill(path: string): Promise<void> {
  await pipeline(endless, createWriteStream(path)).catch((error: unknown) => {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOSPC') throw error;
  });
}

function filesIn(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== MARK && entry.name !== FILLER)
    .map((entry) => relative(path, join(entry.parentPath, entry.name)).replaceAll(sep, '/'));
}

import { chmodSync, type Dirent, existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { LeveledLog } from './leveled-log.ts';

/** The outcome of `makeFilesPrivate`. */
export interface PrivateFilesOutcome {
  /** Files and folders whose permissions were reduced. */
  readonly repaired: number;
  /** Paths whose permissions could not be changed. */
  readonly failed: readonly string[];
}

/** Permission bits of the owner. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const STICKY = 0o1000;
/** The folder of kept videos, and the file in it that the archive creates first. */
const ARCHIVE = 'archive';
const ARCHIVE_MARK = '.reelgate-archive';
const MAX_LOGGED_PATHS = 10;

/**
 * Removes other users' access to the gateway's files in its data folder: jobs, videos and the secrets of tokens. The umask protects new
 * files; these were created without it, or copied. The folder itself is changed only when all of its files are the gateway's, because
 * other programs may share it, such as /tmp. Links are not followed.
 *
 * @param folder may be missing
 */
export function makeFilesPrivate(folder: string): PrivateFilesOutcome {
  const repair = new Repair();
  const entries = entriesOf(folder);
  if (entries === null) return repair;
  const own = entries.filter((entry) => isGateways(folder, entry));
  for (const entry of own) repair.restrict(folder, entry);
  const isShared = own.length < entries.length || (statSync(folder).mode & STICKY) !== 0;
  if (!isShared) repair.restrictFolder(folder);
  return repair;
}

/** Calls `makeFilesPrivate` on the data folder and logs the outcome. */
export function keepFilesPrivate(dataDir: string, log: LeveledLog): void {
  const { repaired, failed } = makeFilesPrivate(dataDir);
  if (repaired > 0) {
    log.info({ repaired }, `other users could reach files in DATA_DIR ${dataDir}; now they cannot`);
  }
  if (failed.length > 0) {
    log.warn(
      { failed: failed.slice(0, MAX_LOGGED_PATHS) },
      `other users may reach files in DATA_DIR ${dataDir}, and this user may not change that: run chmod -R go= ${dataDir} as their owner`,
    );
  }
}

class Repair implements PrivateFilesOutcome {
  repaired = 0;
  readonly failed: string[] = [];

  restrict(folder: string, entry: Dirent): void {
    const path = join(folder, entry.name);
    if (entry.isFile()) this.#change(path, FILE_MODE);
    if (!entry.isDirectory()) return;
    // Other users cannot reach files in a private folder, and the archive may have millions.
    if (entry.name !== ARCHIVE) for (const inside of entriesOf(path) ?? []) this.restrict(path, inside);
    this.#change(path, FOLDER_MODE);
  }

  restrictFolder(path: string): void {
    this.#change(path, FOLDER_MODE);
  }

  #change(path: string, allowed: number): void {
    try {
      const mode = lstatSync(path).mode & 0o777;
      if ((mode & allowed) === mode) return;
      chmodSync(path, mode & allowed);
      this.repaired += 1;
    } catch (error) {
      // Temporary files may be deleted meanwhile.
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) this.failed.push(path);
    }
  }
}

/** The store's files, their copies, the archive, and the folder of the embedded sandbox. */
function isGateways(folder: string, { name }: Dirent): boolean {
  // Other programs have folders with this name too.
  if (name === ARCHIVE) return existsSync(join(folder, name, ARCHIVE_MARK));
  return name.startsWith('reelgate') || name === 'sandbox';
}

/** @returns null when the folder is missing or unreadable; opening the store reports that */
function entriesOf(folder: string): Dirent[] | null {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return null;
  }
}

import { chmodSync, type Dirent, lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { LeveledLog } from './fault-log.ts';

/** What the repair of a folder did. */
export interface PrivateFilesOutcome {
  /** How many files and folders other users could reach. */
  readonly repaired: number;
  /** Those that could not be changed. */
  readonly failed: readonly string[];
}

/** Permission bits of the owner. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const STICKY = 0o1000;
const MAX_LOGGED_PATHS = 10;

/**
 * Takes from other users the right to reach what the gateway keeps in its data folder: jobs, videos and the secrets of tokens.
 * New files get that from the umask; these were made without it, or copied. The folder itself is changed only when everything
 * in it is the gateway's: it may be one that others use too, such as /tmp. Links are not followed.
 *
 * @param folder need not exist
 */
export function makeFilesPrivate(folder: string): PrivateFilesOutcome {
  const repair = new Repair();
  const entries = entriesOf(folder);
  if (entries === null) return repair;
  const own = entries.filter(isGateways);
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
    for (const inside of entriesOf(path) ?? []) this.restrict(path, inside);
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
      // Temporary files may go meanwhile.
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) this.failed.push(path);
    }
  }
}

/** The store's files, copies of them beside it, and the folder of the embedded sandbox. */
function isGateways({ name }: Dirent): boolean {
  return name.startsWith('reelgate') || name === 'sandbox';
}

/** @returns null when there is no such folder, or none that can be read: opening the store will tell */
function entriesOf(folder: string): Dirent[] | null {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return null;
  }
}

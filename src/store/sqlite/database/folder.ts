import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreUnavailableError } from '../../job-store.ts';

/** Another process uses the folder. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';

  constructor(folder: string) {
    super(
      `The data folder ${folder} is in use by another Reelgate process. One folder serves one process: stop the other one or choose another DATA_DIR.`,
    );
  }
}

/**
 * Locks a folder for this process. The lock is an open SQLite transaction, which holds a lock of the operating system on a file. It ends
 * with the process, however the process ends, so a stale lock cannot remain.
 *
 * @throws FolderInUseError when another process holds the lock
 */
export function lockFolder(folder: string): Disposable {
  const database = new DatabaseSync(join(folder, 'reelgate.lock'), { timeout: 0 });
  try {
    // The journal stays in memory, because nothing is ever written.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    const busy = error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
    throw busy ? new FolderInUseError(folder) : error;
  }
  return { [Symbol.dispose]: () => database.close() };
}

const SQLITE_BUSY = 5;

/**
 * Detects that the open files of a store were deleted. Writes to a deleted file succeed as long as it is open, but the data is gone when the
 * process ends.
 */
export class OpenFiles {
  readonly #folder: string;
  readonly #files: readonly { readonly path: string; readonly identity: string | null }[];

  /** @param names files in the folder that are open */
  constructor(folder: string, names: readonly string[]) {
    this.#folder = folder;
    this.#files = names.map((name) => {
      const path = join(folder, name);
      return { path, identity: identityOf(path) };
    });
  }

  /** @throws StoreUnavailableError when a path no longer leads to its open file */
  check(): void {
    if (this.#files.every(({ path, identity }) => identityOf(path) === identity)) return;
    throw new StoreUnavailableError(
      `The data folder ${this.#folder} was deleted or replaced while the gateway was running; new jobs would be lost with this process. Restore the folder and restart the gateway.`,
    );
  }
}

/** @returns null when the file does not exist or cannot be accessed */
function identityOf(path: string): string | null {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}

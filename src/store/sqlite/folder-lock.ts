import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Another process has the folder. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';

  constructor(folder: string) {
    super(
      `The data folder ${folder} is in use by another Reelgate process. One folder serves one process: stop the other one or choose another DATA_DIR.`,
    );
  }
}

/**
 * Takes a folder for this process alone. The lock is an open SQLite transaction, that is a lock of the operating
 * system on a file: it ends with the process, however that ends, and leaves nothing stale behind.
 *
 * @throws FolderInUseError when another process has it
 */
export function lockFolder(folder: string): Disposable {
  const database = new DatabaseSync(join(folder, 'reelgate.lock'), { timeout: 0 });
  try {
    // Without a journal file: nothing is ever written.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    const busy = error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
    throw busy ? new FolderInUseError(folder) : error;
  }
  return { [Symbol.dispose]: () => database.close() };
}

const SQLITE_BUSY = 5;

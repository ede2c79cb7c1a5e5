import { randomUUID } from 'node:crypto';
import { access, constants, mkdir, open, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BlobStoreError } from '../blob-store.ts';

/** No other user may read the files. */
export const FOLDER_MODE = 0o700;
export const FILE_MODE = 0o600;
/** The file that marks the folder as an archive. */
const MARK = '.reelgate-archive';
const MARK_TEXT =
  'The videos of Reelgate are in this folder. Do not delete this file: without it, the gateway takes the folder for another one.\n';
/** The line of the mark that tells a folder from all others. */
const ID_LINE = /^Id: ([0-9a-f-]{36})$/m;

/**
 * The folder of an archive. A file in it tells it from another folder at the same path: an empty mount point, for example, or a new folder
 * after the old one was deleted. Without it, new videos would go to the wrong disk, and all videos would seem to be deleted. Unlike the
 * number of an inode, it stays the same on a network volume.
 */
export class ArchiveFolder {
  readonly path: string;
  /** Unique, and the same at each start; empty in a folder of an earlier version. */
  readonly id: string;

  private constructor(path: string, id: string) {
    this.path = path;
    this.id = id;
  }

  /**
   * Opens the folder; creates it when it is missing.
   *
   * @throws Error of the system
   */
  static async open(path: string): Promise<ArchiveFolder> {
    await makeFolder(path);
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    const mark = join(path, MARK);
    await createMark(mark);
    const [, id = ''] = ID_LINE.exec(await readFile(mark, 'utf8')) ?? [];
    return new ArchiveFolder(path, id);
  }

  /** @throws BlobStoreError when the path no longer leads to this folder */
  async check(): Promise<void> {
    try {
      await access(join(this.path, MARK));
    } catch (error) {
      if (!isMissing(error)) throw this.fault(error);
      throw new BlobStoreError(
        `The folder of the archive ${this.path} was deleted or replaced while the gateway was running: ${MARK} in it is missing. Restore or mount the folder; to start with an empty one, restart the gateway.`,
      );
    }
  }

  /** Creates the missing folders of a file below this one, and writes them to the disk. */
  async makeParents(file: string): Promise<void> {
    const parent = dirname(file);
    if (parent === this.path) return;
    try {
      await mkdir(parent, { mode: FOLDER_MODE });
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return;
      if (!isMissing(error)) throw error;
      await this.makeParents(parent);
      await makeFolder(parent);
    }
    await syncFolder(dirname(parent));
  }

  /** Explains an error of the system. */
  fault(error: unknown): BlobStoreError {
    const reason = error instanceof Error ? error.message : String(error);
    const remedy = REMEDIES.get(codeOf(error)) ?? 'cannot be used: check the disk';
    // Without a cause, whose message the log would repeat.
    return new BlobStoreError(`The folder of the archive ${this.path} ${remedy} (${reason})`);
  }
}

/** Writes the names in a folder to the disk, so that a renamed or deleted file stays so after a power failure. */
export async function syncFolder(path: string): Promise<void> {
  await using handle = await open(path, 'r');
  await handle.sync();
}

/** Whether a file or one of its folders does not exist. */
export function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

const FULL = 'is on a full disk: free some space; videos are stored again as soon as there is room';
const NOT_ALLOWED =
  'or a file in it is not accessible for this user: give the folder and its files to the user that runs the gateway';

/** By error codes of the system. */
const REMEDIES: ReadonlyMap<unknown, string> = new Map([
  ['ENOSPC', FULL],
  ['EDQUOT', FULL],
  ['EACCES', NOT_ALLOWED],
  ['EPERM', NOT_ALLOWED],
  ['EROFS', 'is on a read-only file system: mount it writable'],
  ['EMFILE', 'cannot be used because the gateway has too many open files: raise its limit (ulimit -n)'],
]);

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: FOLDER_MODE });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST' || !(await stat(path)).isDirectory()) throw error;
  }
}

/** Another instance may create it at the same time. */
async function createMark(path: string): Promise<void> {
  try {
    await using handle = await open(path, 'wx', FILE_MODE);
    await handle.writeFile(`${MARK_TEXT}Id: ${randomUUID()}\n`);
    await handle.sync();
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    return;
  }
  await syncFolder(dirname(path));
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

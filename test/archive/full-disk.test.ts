import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { tempFolder } from '../support/temp-folder.ts';

/** Runs a command in a mount namespace of its own, where a folder is a disk of 2 MiB. */
const ON_SMALL_DISK = 'mount -t tmpfs -o size=2m none "$1" && shift && exec "$@"';

it.skipIf(!canMount())(
  'a disk keeps its reserve; a full one fails an upload and leaves no part of it',
  async () => {
    using folder = tempFolder();
    const child = fileURLToPath(new URL('full-disk.child.ts', import.meta.url));
    const command = [process.execPath, child, folder.path];
    const { stdout } = await promisify(execFile)('unshare', [...smallDisk(folder.path), ...command]);
    const archive = `The folder of the archive ${folder.path}/archive is on a`;
    expect(JSON.parse(stdout)).toEqual({
      first: null,
      tooLarge: `BlobStoreError: ${archive}n almost full disk: 1.0 MiB are free, and 0.1 MiB have to stay free for the job store. Use a larger disk, lower JOB_RETENTION_HOURS or delete jobs; videos are stored again as soon as there is room destroyed`,
      // Each of them alone would fit.
      together: expect.arrayContaining([null, expect.stringContaining('0.1 MiB have to stay free')]),
      filledMeanwhile: `BlobStoreError: ${archive} full disk: free some space; videos are stored again as soon as there is room (ENOSPC: no space left on device, write) destroyed`,
      leftover: [],
      second: null,
      heads: [null, null, 1_572_864],
    });
  },
);

function smallDisk(path: string): string[] {
  return ['-rm', 'sh', '-c', ON_SMALL_DISK, 'sh', path];
}

/** False in most containers, and without Linux. */
function canMount(): boolean {
  using folder = tempFolder();
  try {
    execFileSync('unshare', [...smallDisk(folder.path), 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { tempFolder } from '../support/temp-folder.ts';

/** Runs a command in a mount namespace of its own, where a folder is a disk of 2 MiB. */
const ON_SMALL_DISK = 'mount -t tmpfs -o size=2m none "$1" && shift && exec "$@"';

it.skipIf(!canMount())('a full disk fails an upload with what to do, and leaves no part of it', async () => {
  using folder = tempFolder();
  const child = fileURLToPath(new URL('full-disk.child.ts', import.meta.url));
  const command = [process.execPath, child, folder.path];
  const { stdout } = await promisify(execFile)('unshare', [...smallDisk(folder.path), ...command]);
  expect(JSON.parse(stdout)).toEqual({
    first: null,
    tooLarge: `BlobStoreError: The folder of the archive ${folder.path}/archive is on a full disk: free some space; videos are stored again as soon as there is room (ENOSPC: no space left on device, write) destroyed`,
    leftover: [],
    second: null,
    heads: [null, null, 1_572_864],
  });
});

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

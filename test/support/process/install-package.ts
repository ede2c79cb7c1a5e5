import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

// npm writes this file last.
const INSTALL =
  '[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --ignore-scripts --no-audit --no-fund';

/** Installs the npm package of a folder unless it is installed. Test files may call it at the same time. */
export async function installPackage(folder: string): Promise<void> {
  await promisify(execFile)('flock', ['package.json', 'sh', '-c', INSTALL], { cwd: folder });
}

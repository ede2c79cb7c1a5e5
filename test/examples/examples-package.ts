import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { promisify } from 'node:util';

/** A separate package, so that the gateway does not depend on client libraries. */
export const EXAMPLES = 'examples';

const run = promisify(execFile);

/** Installs the examples' package unless the installation is newer than the lock file. */
export async function installExamples(): Promise<void> {
  const installed = `${EXAMPLES}/node_modules/.package-lock.json`;
  if (existsSync(installed) && modified(installed) >= modified(`${EXAMPLES}/package-lock.json`)) return;
  process.stdout.write(`${EXAMPLES}/node_modules is missing or old: running npm ci there\n`);
  await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: EXAMPLES });
}

function modified(path: string): number {
  return statSync(path).mtimeMs;
}

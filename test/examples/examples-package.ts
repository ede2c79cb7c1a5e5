import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { promisify } from 'node:util';

/** A package of its own: the gateway must not depend on what clients are made of. */
export const EXAMPLES = 'examples';

const run = promisify(execFile);

/** Installs the examples' package when that was not done since its lock file was last changed. */
export async function installExamples(): Promise<void> {
  const installed = `${EXAMPLES}/node_modules/.package-lock.json`;
  if (existsSync(installed) && modified(installed) >= modified(`${EXAMPLES}/package-lock.json`)) return;
  process.stdout.write(`${EXAMPLES}/node_modules is missing or old: running npm ci there\n`);
  await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: EXAMPLES });
}

function modified(path: string): number {
  return statSync(path).mtimeMs;
}

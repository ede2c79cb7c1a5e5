import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { progress } from './progress.ts';

/** Installs the peers, as their lock says, where they are not there yet. */
export function installPeers(): void {
  const folder = fileURLToPath(new URL('../peers', import.meta.url));
  if (existsSync(`${folder}/node_modules/.package-lock.json`)) return;
  progress('the peers are installed');
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: 'ignore',
  });
}

import { execFileSync } from 'node:child_process';
import { CADDY, CHROMIUM, findProgram, NGINX, OPENSSL, REDIS } from './programs.ts';

/**
 * Before all tests, once for all workers: installs the programs that are missing, where that can be done without asking
 * anybody. Where it cannot, the tests that need one fail and say how to get it; the others run.
 */
export function setup(): void {
  const missing = [REDIS, CHROMIUM, OPENSSL, NGINX, CADDY].filter((program) => findProgram(program) === null);
  if (missing.length === 0 || process.getuid?.() !== 0 || findProgram({ names: ['apt-get'] }) === null)
    return;
  const packages = missing.map(({ debianPackage }) => debianPackage);
  process.stdout.write(`Missing on the PATH: ${packages.join(', ')}. Installing with apt-get.\n`);
  try {
    aptGet('update');
    aptGet('install', '-y', '--no-install-recommends', ...packages);
  } catch (error) {
    process.stdout.write(`That failed: ${String(error)}\n`);
  }
}

function aptGet(...args: readonly string[]): void {
  execFileSync('apt-get', args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
}

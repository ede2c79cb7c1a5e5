import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['redis-server', 'valkey-server'];
const HOW_TO =
  'The tests need redis-server (or valkey-server) on the PATH, e.g. `apt-get install redis-server`.';

/** The path of a Redis server's program, or null when there is none on the PATH. */
export function findRedisBinary(): string | null {
  return NAMES.map(onPath).find((path) => path !== null) ?? null;
}

/** Before all tests: sees to it that there is a Redis server to start. */
export function setup(): void {
  if (findRedisBinary() !== null) return;
  if (process.getuid?.() !== 0 || onPath('apt-get') === null) throw new Error(HOW_TO);
  process.stdout.write('There is no redis-server on the PATH: installing it with apt-get.\n');
  try {
    execFileSync('apt-get', ['update'], { stdio: 'ignore' });
    execFileSync('apt-get', ['install', '-y', '--no-install-recommends', 'redis-server'], {
      stdio: 'ignore',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  } catch (error) {
    throw new Error(HOW_TO, { cause: error });
  }
}

function onPath(name: string): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

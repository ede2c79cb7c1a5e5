import { execFileSync } from 'node:child_process';

/** Files that a process has open besides its sockets. */
const OTHER_FILES = 300;

/** How many sockets a process may have open; Node raises its limit as far as the system lets it. */
export function socketLimit(): number {
  try {
    const limit = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
    return limit === 'unlimited' ? Infinity : Number(limit) - OTHER_FILES;
  } catch {
    return Infinity;
  }
}

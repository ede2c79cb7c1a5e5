import { execFileSync } from 'node:child_process';

/** Before all tests, once for all workers: builds the console, which gateways read when they start. */
export function setup(): void {
  execFileSync(process.execPath, ['scripts/build-console.ts'], { stdio: 'inherit' });
}

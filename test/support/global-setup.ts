import { execFileSync } from 'node:child_process';
import type { TestProject } from 'vitest/node';
import {
  CADDY,
  CHROMIUM,
  CHROMIUM_SHELL,
  findProgram,
  FIREFOX,
  NGINX,
  OPENSSL,
  packagesOf,
  type Program,
  PROMETHEUS,
  REDIS,
  SWIFT,
  WEBKIT_DRIVER,
  XVFB,
} from './process/programs.ts';
import { startSwiftStarter } from './s3/swift-starter.ts';

/**
 * Runs once before all tests: builds the console, which gateways read when they start, and installs missing programs.
 *
 * @returns runs once after all tests
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  installMissing([REDIS, CHROMIUM, OPENSSL, NGINX, CADDY, ...Object.values(SWIFT)]);
  // Apart from the others: where these cannot be installed, their tests are skipped.
  installMissing([FIREFOX, WEBKIT_DRIVER, XVFB]);
  installMissing([PROMETHEUS]);
  // Without it the whole Chromium takes its place.
  installMissing([CHROMIUM_SHELL]);
  execFileSync(process.execPath, ['scripts/build-console.ts'], { stdio: 'inherit' });
  const swift = await startSwiftStarter();
  project.provide('swiftStarter', swift.url);
  return async () => {
    await swift[Symbol.asyncDispose]();
  };
}

/** Needs root and apt-get. Without them the tests that need a missing program fail, or are skipped, and name its package. */
function installMissing(programs: readonly Program[]): void {
  const missing = programs.filter((program) => findProgram(program) === null);
  if (missing.length === 0 || process.getuid?.() !== 0 || findProgram({ names: ['apt-get'] }) === null)
    return;
  const packages = missing.flatMap(packagesOf);
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

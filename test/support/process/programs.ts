import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A program that the tests start and npm does not install. */
export interface Program {
  /** Possible names; the first one found is used. */
  readonly names: readonly string[];
  /** The Debian package that contains it. */
  readonly debianPackage: string;
  /** Packages without a program that it needs as well. */
  readonly besides?: readonly string[];
}

export const REDIS: Program = { names: ['redis-server', 'valkey-server'], debianPackage: 'redis-server' };

export const CHROMIUM: Program = {
  names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  debianPackage: 'chromium',
};

/** The engine of Chromium without windows and extensions. A test takes half the processor time of that in the whole browser. */
export const CHROMIUM_SHELL: Program = {
  names: ['chromium-headless-shell', 'chrome-headless-shell'],
  debianPackage: 'chromium-headless-shell',
};

export const OPENSSL: Program = { names: ['openssl'], debianPackage: 'openssl' };

export const NGINX: Program = { names: ['nginx'], debianPackage: 'nginx' };

export const CADDY: Program = { names: ['caddy'], debianPackage: 'caddy' };

export const PROMETHEUS: Program = { names: ['prometheus'], debianPackage: 'prometheus' };

/** Checks metrics, rules and queries. It comes with Prometheus. */
export const PROMTOOL: Program = { names: ['promtool'], debianPackage: 'prometheus' };

/** OpenStack Swift, a storage service with an S3 API: four servers. */
export const SWIFT = {
  proxy: { names: ['swift-proxy-server'], debianPackage: 'swift-proxy' },
  account: { names: ['swift-account-server'], debianPackage: 'swift-account' },
  container: { names: ['swift-container-server'], debianPackage: 'swift-container' },
  object: { names: ['swift-object-server'], debianPackage: 'swift-object' },
} as const satisfies Readonly<Record<string, Program>>;

export const FIREFOX: Program = { names: ['firefox-esr', 'firefox'], debianPackage: 'firefox-esr' };

/** Drives WebKitGTK, the engine of Safari. The plugins decode H.264. */
export const WEBKIT_DRIVER: Program = {
  names: ['WebKitWebDriver'],
  debianPackage: 'webkit2gtk-driver',
  besides: ['gstreamer1.0-libav', 'gstreamer1.0-plugins-good', 'gstreamer1.0-plugins-bad'],
};

/** A screen in memory. */
export const XVFB: Program = { names: ['Xvfb'], debianPackage: 'xvfb' };

/** The Debian packages that a program needs. */
export function packagesOf({ debianPackage, besides = [] }: Program): readonly string[] {
  return [debianPackage].concat(besides);
}

/** The path of a program; null when it is not on the PATH. */
export function findProgram({ names }: Pick<Program, 'names'>): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const paths = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find(isExecutable) ?? null;
}

/** The path of a program. @throws Error that names its package when it is not on the PATH */
export function requireProgram(program: Program): string {
  const path = findProgram(program);
  if (path !== null) return path;
  const { names, debianPackage } = program;
  throw new Error(
    `This test needs ${names.join(' or ')} on the PATH, e.g. by \`apt-get install ${debianPackage}\`.`,
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

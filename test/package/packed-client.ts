import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

/** The folder of the client package. */
export const CLIENT = 'packages/client';

const run = promisify(execFile);

/** The client package as users get it. */
export interface PackedClient {
  /** The path of the .tgz file. */
  readonly tarball: string;
  /** The paths of its files, without the leading `package/`. */
  readonly files: readonly string[];
}

interface NpmPack {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/** Builds and packs the client package into a folder. Test files may call it at the same time. */
export async function packClient(folder: string): Promise<PackedClient> {
  const { stdout } = await npmInClient('pack', '--json', '--pack-destination', folder);
  // What the build prints comes before it.
  const [packed]: NpmPack[] = JSON.parse(stdout.slice(stdout.indexOf('[\n')));
  if (packed === undefined) throw new Error(`npm pack printed no package: ${stdout}`);
  return { tarball: join(folder, packed.filename), files: packed.files.map(({ path }) => path) };
}

/** Runs an npm command for the package. It may build the package, so only one runs at a time. */
export function npmInClient(...args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  return run('flock', [join(CLIENT, 'package.json'), 'npm', ...args, '--workspace', CLIENT]);
}

/** Unpacks the package into a folder's node_modules, beside other packages of this project. It has no dependencies. */
export async function unpackClient(
  folder: string,
  tarball: string,
  others: readonly string[],
): Promise<void> {
  const modules = join(folder, 'node_modules');
  const target = join(modules, '@reelgate/client');
  mkdirSync(target, { recursive: true });
  await run('tar', ['-xzf', tarball, '--strip-components=1', '-C', target]);
  for (const name of others) {
    mkdirSync(join(modules, name, '..'), { recursive: true });
    symlinkSync(resolve('node_modules', name), join(modules, name));
  }
}

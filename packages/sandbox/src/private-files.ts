import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import process from 'node:process';

const OWNER_ONLY = 0o700;

/**
 * Creates a folder, or restricts an existing one, so that only this user can read it.
 *
 * @throws when it belongs to another user, who could read and replace its files; errors of the file system
 */
export async function openPrivateFolder(path: string): Promise<void> {
  await makeFolder(resolve(path));
  const found = await stat(path);
  if (!found.isDirectory()) throw new Error(`${path} is a file, not a folder. Choose another.`);
  const { uid, mode } = found;
  const user = process.getuid?.();
  // Windows has no POSIX owners and modes.
  if (user === undefined) return;
  if (uid !== user)
    throw new Error(`The folder ${path} belongs to user ${uid}, not to this one (${user}). Choose another.`);
  if ((mode & 0o077) !== 0) await chmod(path, OWNER_ONLY);
}

/** Node's `recursive` option never returns on a file system without `mkdir`, such as /proc. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: OWNER_ONLY });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'EEXIST') return;
    const parent = dirname(path);
    if (code !== 'ENOENT' || existsSync(parent)) throw error;
    await makeFolder(parent);
    await makeFolder(path);
  }
}

/** Replaces a file atomically: a reader sees the old content or the new, never a part. Only this user can read it. */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const aside = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(aside, content, { mode: 0o600 });
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
}

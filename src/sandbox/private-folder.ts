import { chmod, mkdir, stat } from 'node:fs/promises';
import process from 'node:process';

const OWNER_ONLY = 0o700;

/**
 * Makes a folder that only this user can read, also when it was there before.
 *
 * @throws when it belongs to another user, who could read and replace what is in it; errors of the file system
 */
export async function openPrivateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: OWNER_ONLY });
  const { uid, mode } = await stat(path);
  const user = process.getuid?.();
  // Windows has no such owners and modes.
  if (user === undefined) return;
  if (uid !== user)
    throw new Error(`The folder ${path} belongs to user ${uid}, not to this one (${user}). Choose another.`);
  if ((mode & 0o077) !== 0) await chmod(path, OWNER_ONLY);
}

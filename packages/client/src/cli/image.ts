import { readFile, stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { usageError } from './exit-codes.ts';

/** The gateway's own limit. */
const MAX_BYTES = 10 * 1024 * 1024;
const TYPES: Readonly<Record<string, string>> = {
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.png': 'image/png',
  '.webp': 'image/webp',
};

/**
 * The image of an argument: a URL as it is, or the content of a file.
 *
 * @throws CommandError when the file cannot be read or is too large
 */
export async function readImage(argument: string): Promise<string | File> {
  if (/^https?:\/\//i.test(argument)) return argument;
  const size = await sizeOf(argument);
  if (size === 0) throw usageError(`${argument} is empty.`);
  if (size > MAX_BYTES)
    throw usageError(
      `${argument} has ${megabytes(size)} MiB. The gateway accepts at most 10 MiB: make it smaller.`,
    );
  const bytes = await readFile(argument);
  return new File([bytes], basename(argument), { type: TYPES[extname(argument).toLowerCase()] ?? '' });
}

async function sizeOf(path: string): Promise<number> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw usageError(`${path} is not a file.`);
    return found.size;
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error && 'code' in error)) throw error;
    if (error.code === 'ENOENT')
      throw usageError(`The image ${path} does not exist. Give a file, or an http or https URL.`);
    throw usageError(`The image ${path} cannot be read: ${error.message}`);
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1);
}

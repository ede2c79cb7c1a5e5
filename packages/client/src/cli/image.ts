import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { usageError } from './exit-codes.ts';
import { PARAMETERS } from './parameters.ts';

/** The gateway's own limit. */
const MAX_BYTES = 10 * 1024 * 1024;
/** The first bytes of each type, as Latin-1. The name of a file can be wrong. */
const TYPES: readonly (readonly [type: string, head: RegExp])[] = [
  ['image/png', /^\x89PNG\r\n/],
  ['image/jpeg', /^\xff\xd8\xff/],
  ['image/webp', /^RIFF[^]{4}WEBP/],
];

/**
 * The image of an argument: a URL as it is, or the content of a file.
 *
 * @throws CommandError when the file cannot be read, is too large or of another type, or the URL is not valid
 */
export async function readImage(argument: string): Promise<string | File> {
  if (/^https?:\/\//i.test(argument)) {
    if (!URL.canParse(argument)) throw usageError(`${argument} is not a valid URL.`);
    if (argument.length > PARAMETERS.image.maxLength)
      throw usageError(
        `The URL of the image has ${argument.length} characters. At most ${PARAMETERS.image.maxLength} are accepted.`,
      );
    return argument;
  }
  const size = await sizeOf(argument);
  if (size === 0) throw usageError(`${argument} is empty.`);
  if (size > MAX_BYTES)
    throw usageError(
      `${argument} has ${megabytes(size)} MiB. The gateway accepts at most 10 MiB: make it smaller.`,
    );
  const bytes = await readFile(argument);
  const head = bytes.toString('latin1', 0, 12);
  const [type] = TYPES.find(([, pattern]) => pattern.test(head)) ?? [];
  if (type === undefined)
    throw usageError(`${argument} is not a PNG, JPEG or WebP image. Convert it to one of them.`);
  return new File([bytes], basename(argument), { type });
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

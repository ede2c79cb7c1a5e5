import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Reelgate } from '../reelgate.ts';
import type { VideoJob } from '../types.ts';
import { download } from './download.ts';
import { CommandError, EXIT, usageError } from './exit-codes.ts';

/**
 * Checks that a file can be written, before a video is paid for.
 *
 * @param replace whether it may exist
 * @throws CommandError that says why not
 */
export async function checkTarget(path: string, replace: boolean): Promise<void> {
  const folder = dirname(path);
  const found = await stat(path).catch(() => null);
  if (found !== null && !found.isFile()) throw usageError(`${path} is not a file.`);
  if (found !== null && !replace) throw usageError(`${path} exists. Use --force to replace it.`);
  try {
    await access(folder, constants.W_OK);
  } catch {
    throw usageError(`${path} cannot be written: the folder ${folder} does not exist or is not writable.`);
  }
}

/** How a video is saved. */
export interface SaveOptions {
  readonly signal: AbortSignal;
  /** Called with the received share; null when the size is unknown. */
  readonly onProgress: (share: number | null) => void;
}

/**
 * Saves the video of a completed job. The file appears when it is complete: until then the bytes are in a hidden file beside it.
 *
 * @throws CommandError when it cannot be saved; the reason of `signal`
 */
export async function saveVideo(
  client: Reelgate,
  job: VideoJob,
  path: string,
  options: SaveOptions,
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID().slice(0, 8)}.part`);
  try {
    const file = await open(temporary, 'wx');
    try {
      await write(client, job, file, options);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    options.signal.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    const again = `reelgate watch ${job.id} -o ${path}`;
    throw new CommandError(
      EXIT.notSaved,
      'NOT_SAVED',
      `The video is ready but was not saved: ${reason} Try again: ${again}`,
    );
  }
}

async function write(
  client: Reelgate,
  job: VideoJob,
  file: FileHandle,
  { signal, onProgress }: SaveOptions,
): Promise<void> {
  const url = job.video?.url;
  if (url != null)
    return download(url, file, { signal, onProgress, byteLength: job.video?.byteLength ?? null });
  // A job with `base64: true`, in a gateway without an archive.
  const bytes = await client.videoBytes(job.id, { signal });
  if (bytes === null) throw new Error('The gateway has no video of this job.');
  await file.writeFile(new Uint8Array(await bytes.arrayBuffer()));
}

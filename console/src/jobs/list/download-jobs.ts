import type { Reelgate, VideoJob } from '@reelgate/client';
import { bytes } from '../times.ts';
import { fetchVideo, fileName, saveFile } from '../video-file.ts';
import { MAX_CONTENT_BYTES, zip, type ZipEntry } from './zip.ts';

/**
 * Saves the videos of jobs: one as it is, several as a ZIP archive, because browsers ask before a page saves a second file.
 *
 * @param onProgress called with the number of videos that were fetched
 * @returns how many could not be fetched; 0 when the signal aborts
 * @throws when they are too large for one archive: before the first one is fetched, as far as their sizes are known
 */
export async function downloadJobs(
  client: Reelgate,
  jobs: readonly VideoJob[],
  signal: AbortSignal,
  onProgress: (count: number) => void,
): Promise<number> {
  checkSize(jobs.map(({ video }) => video?.byteLength ?? 0));
  const entries: ZipEntry[] = [];
  const names = new Set<string>();
  for (const [index, job] of jobs.entries()) {
    const content = await fetchVideo(client, job, signal);
    if (signal.aborted) return 0;
    if (content !== null) entries.push({ name: uniqueName(fileName(job), names), content });
    checkSize(entries.map(({ content: { size } }) => size));
    onProgress(Math.min(index + 1, jobs.length - 1));
  }
  const [first] = entries;
  if (first !== undefined && entries.length === 1) saveFile(first.content, first.name);
  else if (first !== undefined) saveFile(await zip(entries), `videos-${entries.length}.zip`);
  return jobs.length - entries.length;
}

/** @throws when several files are too large for one archive */
function checkSize(sizes: readonly number[]): void {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (sizes.length < 2 || total <= MAX_CONTENT_BYTES) return;
  const limit = bytes(MAX_CONTENT_BYTES);
  throw new Error(
    `The videos have ${bytes(total)} together, and one archive holds at most ${limit}. Select fewer.`,
  );
}

/** Adds a number to a name that another file has already. */
function uniqueName(name: string, names: Set<string>): string {
  let unique = name;
  for (let count = 2; names.has(unique); count++) unique = name.replace(/(\.\w+)$/, `-${count}$1`);
  names.add(unique);
  return unique;
}

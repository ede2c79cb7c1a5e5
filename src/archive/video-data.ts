import { buffer } from 'node:stream/consumers';
import { type Jobs, StoreUnavailableError } from '../store/job-store.ts';
import type { BlobStore } from './blob-store.ts';
import { videoKey } from './video-key.ts';

/** Milliseconds for reading a video. */
const TIMEOUT_MS = 30_000;

/**
 * Reads the video of a job that was requested as base64. The archiver moves it from the store to the archive; for a moment both have it.
 *
 * @param archive null: videos are not archived
 * @returns null when there is no such video
 * @throws StoreUnavailableError when the store or the archive cannot be read
 */
export async function readVideoData(
  jobId: string,
  jobs: Pick<Jobs, 'getVideoData'>,
  archive: BlobStore | null,
): Promise<string | null> {
  const stored = await jobs.getVideoData(jobId);
  if (stored !== null || archive === null) return stored;
  try {
    const body = await archive.get(videoKey(jobId), null, AbortSignal.timeout(TIMEOUT_MS));
    return body === null ? null : (await buffer(body)).toString('base64');
  } catch (error) {
    // Also an error of the body, which is that of the connection, and the end of the time.
    throw new StoreUnavailableError('The video could not be read from the archive', {
      cause: error,
      shown: 'The archive of videos cannot be read. Try again in a moment.',
    });
  }
}

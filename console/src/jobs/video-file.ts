import type { Reelgate, VideoJob } from '@reelgate/client';
import { shortTitle } from './short-title.ts';

/**
 * Fetches a completed job's video. @returns null when that is impossible, for example because the upstream's CORS headers do not allow
 * it
 */
export async function fetchVideo(
  client: Reelgate,
  { id, video }: VideoJob,
  signal?: AbortSignal,
): Promise<Blob | null> {
  const options = signal === undefined ? {} : { signal };
  if (video?.url == null) return client.videoBytes(id, options).catch(() => null);
  return fetch(video.url, { referrerPolicy: 'no-referrer', ...options })
    .then((answer) => (answer.ok ? answer.blob() : null))
    .catch(() => null);
}

/** Letters and digits of the prompt; the job's id when the prompt has none. */
export function fileName(job: VideoJob): string {
  const words = shortTitle(job)
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
    .replaceAll(/^-+|-+$/g, '');
  return `${words === '' ? job.id : words}.mp4`;
}

/** Saves a file in the browser's folder for downloads. */
export function saveFile(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has started by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

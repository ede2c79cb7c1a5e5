import type { Reelgate, VideoJob } from '@reelgate/client';
import { shortTitle } from './short-title.ts';

/** A download without a byte for this time has stalled. */
const STALL_MS = 30_000;
/** The time for a video that comes in one answer of the gateway. */
const ANSWER_MS = 120_000;

/**
 * Fetches a completed job's video. @returns null when that is impossible, for example because the upstream's CORS headers do not allow
 * it, or when the download stalls
 */
export async function fetchVideo(
  client: Reelgate,
  { id, video }: VideoJob,
  signal?: AbortSignal,
  stallMs = STALL_MS,
): Promise<Blob | null> {
  const late = new AbortController();
  const either = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]);
  const url = video?.url ?? null;
  const limitMs = url === null ? ANSWER_MS : stallMs;
  let timer = setTimeout(() => late.abort(), limitMs);
  const onBytes = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => late.abort(), limitMs);
  };
  try {
    return await (url === null ? client.videoBytes(id, { signal: either }) : read(url, either, onBytes));
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

async function read(url: string, signal: AbortSignal, onBytes: () => void): Promise<Blob | null> {
  const answer = await fetch(url, { referrerPolicy: 'no-referrer', signal });
  if (!answer.ok || answer.body === null) return null;
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  // Safari does not iterate over streams.
  const reader = answer.body.getReader();
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    if (value !== undefined) chunks.push(value);
    onBytes();
  }
  return new Blob(chunks, { type: answer.headers.get('content-type') ?? '' });
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

import type { FileHandle } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** Attempts without progress before the download fails. */
const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 500;
/** An attempt that receives nothing for so long is given up. */
const SILENCE_MS = 30_000;

/** How a file is downloaded. */
export interface DownloadOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (share: number | null) => void;
  /** The expected size, when the gateway knows it. */
  readonly byteLength: number | null;
}

/** A refusal that a repetition would get again. */
class RefusedError extends Error {}

/** Downloads a URL into an open file. A broken transfer is continued where it ended. */
export async function download(url: string, file: FileHandle, options: DownloadOptions): Promise<void> {
  let received = 0;
  let pauseMs = FIRST_PAUSE_MS;
  for (let attempt = 1; ; attempt++) {
    const before = received;
    try {
      await transfer(url, file, received, options, (bytes) => {
        received = bytes;
      });
      return;
    } catch (error) {
      options.signal.throwIfAborted();
      if (received > before) {
        attempt = 0;
        pauseMs = FIRST_PAUSE_MS;
      }
      if (error instanceof RefusedError || attempt === ATTEMPTS) throw error;
    }
    await delay(pauseMs, undefined, { signal: options.signal });
    pauseMs *= 2;
  }
}

/** One request, from byte `from` on. Reports the number of bytes that are in the file. */
async function transfer(
  url: string,
  file: FileHandle,
  from: number,
  { signal, onProgress, byteLength }: DownloadOptions,
  onReceived: (bytes: number) => void,
): Promise<void> {
  const attempt = new AbortController();
  const abort = () => attempt.abort();
  const silence = setTimeout(abort, SILENCE_MS);
  signal.addEventListener('abort', abort);
  try {
    const answer = await fetch(url, {
      headers: from === 0 ? {} : { range: `bytes=${from}-` },
      signal: attempt.signal,
    });
    const start = startOf(answer, from);
    const total = totalOf(answer, start) ?? byteLength;
    let received = start;
    onReceived(received);
    for await (const chunk of answer.body ?? []) {
      silence.refresh();
      await file.write(chunk, 0, chunk.byteLength, received);
      received += chunk.byteLength;
      onReceived(received);
      onProgress(total === null ? null : Math.min(1, received / total));
    }
    if (total !== null && received !== total)
      throw new Error(`The transfer ended after ${received} of ${total} bytes.`);
    await file.truncate(received);
  } catch (error) {
    throw attempt.signal.aborted
      ? new Error(`Nothing was received for ${SILENCE_MS / 1000} seconds.`)
      : readable(error);
  } finally {
    clearTimeout(silence);
    signal.removeEventListener('abort', abort);
  }
}

/** The first byte of an answer: not `from` when the server sends the whole file again. */
function startOf(answer: Response, from: number): number {
  if (answer.status === 200) return 0;
  const start = /^bytes (\d+)-/.exec(answer.headers.get('content-range') ?? '')?.[1];
  if (answer.status === 206 && Number(start) === from) return from;
  const reason = `The server of the video answered HTTP ${answer.status}.`;
  throw answer.status === 429 || answer.status >= 500 ? new Error(reason) : new RefusedError(reason);
}

/** The size of the whole file; null when the answer does not say it. */
function totalOf(answer: Response, start: number): number | null {
  const length = answer.headers.get('content-length');
  // The length of a compressed answer is not that of the file.
  if (length === null || answer.headers.has('content-encoding')) return null;
  return start + Number(length);
}

/** Node's fetch says only "fetch failed"; the reason is its cause. */
function readable(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const cause = error.cause instanceof Error ? error.cause : error;
  return error instanceof RefusedError ? error : new Error(`${cause.message}.`, { cause });
}

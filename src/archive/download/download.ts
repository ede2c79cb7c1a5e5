import type { Clock } from '../../domain/clock.ts';
import { backoffMs } from '../../domain/polling/backoff.ts';
import { type ContentRange, parseContentRange } from '../../providers/files/content-range.ts';
import type { FileAnswer, FileClient } from '../../providers/files/file-client.ts';
import { FileRefusedError } from '../../providers/files/file-refused-error.ts';
import { BlobStoreError } from '../blob-store.ts';
import type { TempFile } from './temp-file.ts';

export interface DownloadDependencies {
  readonly files: Pick<FileClient, 'fetch'>;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Ends the download. */
  readonly signal: AbortSignal;
  /** Bytes of the largest file. */
  readonly maxBytes: number;
}

/** Why a file could not be fetched or is not accepted. The message has no URL, because a URL may be signed. */
export class FileFaultError extends Error {
  override readonly name = 'FileFaultError';
  /** `host`: it does not answer, so other files of the host will fail too. `lasting`: trying again soon would not help. */
  readonly kind: 'host' | 'temporary' | 'lasting';

  constructor(message: string, kind: FileFaultError['kind'], options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** Continuations of one broken transfer. */
const MAX_CONTINUATIONS = 5;
/** A host that sends less than this many bytes in this many milliseconds is too slow: it would hold its place for hours. */
const SLOW_BYTES = 480 * 1024;
const SLOW_MS = 30_000;
const LASTING_STATUSES: ReadonlySet<number> = new Set([400, 401, 403, 404, 405, 410, 414, 451]);

/**
 * Downloads a file. A transfer that breaks is continued where it ended, if the server names the version of the file (ETag or
 * Last-Modified), so that no file is made of two versions.
 *
 * @param file empty; afterwards it has the whole body
 * @throws FileFaultError; BlobStoreError when the disk fails; the signal's reason
 */
export async function download(
  url: string,
  file: TempFile,
  dependencies: DownloadDependencies,
): Promise<void> {
  const { clock, random, signal } = dependencies;
  let version: string | null = null;
  for (let continuations = 0; ; continuations += 1) {
    try {
      const answer = await fetchRest(url, file.byteLength, version, dependencies);
      version = versionOf(answer);
      await receive(answer, file, dependencies);
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof BlobStoreError || error instanceof FileFaultError) throw error;
      if (error instanceof FileRefusedError)
        throw new FileFaultError(error.message, 'lasting', { cause: error });
      if (file.byteLength === 0 || continuations === MAX_CONTINUATIONS) {
        throw new FileFaultError(`the transfer failed: ${messageOf(error)}`, 'host', { cause: error });
      }
      await clock.sleep(backoffMs(continuations + 1, random()), signal);
    }
  }
}

/** @param version of the bytes that are already there; null: start again */
async function fetchRest(
  url: string,
  have: number,
  version: string | null,
  dependencies: DownloadDependencies,
): Promise<FileAnswer> {
  const { files, signal } = dependencies;
  const continued: Readonly<Record<string, string>> =
    have > 0 && version !== null ? { range: `bytes=${have}-`, 'if-range': version } : {};
  const answer = await files.fetch({ url, signal, headers: { accept: 'video/*, */*;q=0.1', ...continued } });
  const { status, body } = answer;
  if (status === 200 || (status === 206 && partOf(answer)?.range?.start === have)) return answer;
  body.destroy();
  // The file has changed or is shorter than what is there: a request without a range gets all of it.
  if (continued['range'] !== undefined && (status === 206 || status === 416)) {
    return fetchRest(url, 0, null, dependencies);
  }
  if (LASTING_STATUSES.has(status)) throw new FileFaultError(`the host answered ${status}`, 'lasting');
  throw new FileFaultError(`the host answered ${status}`, status >= 500 ? 'host' : 'temporary');
}

/** Writes a body to the file: behind what is there, or instead of it. */
async function receive(
  answer: FileAnswer,
  file: TempFile,
  { clock, maxBytes }: DownloadDependencies,
): Promise<void> {
  const { status, headers, body } = answer;
  try {
    if (status === 200 && file.byteLength > 0) await file.clear();
    const encoding = textOf(headers['content-encoding']);
    if (encoding !== null && encoding !== 'identity') {
      throw new FileFaultError(`the host encoded the file with ${encoding}, although it may not`, 'lasting');
    }
    const announced = lengthOf(headers['content-length']);
    // A server may send less than the rest; then the transfer is continued.
    const whole = status === 206 ? (partOf(answer)?.length ?? null) : null;
    const total = whole ?? (announced === null ? null : file.byteLength + announced);
    if (total !== null && total > maxBytes) throw tooLarge(maxBytes);
    let window = { since: clock.now(), bytes: 0 };
    for await (const chunk of body) {
      const bytes: Buffer = chunk;
      if (file.byteLength + bytes.length > maxBytes) throw tooLarge(maxBytes);
      await file.append(bytes);
      window.bytes += bytes.length;
      const now = clock.now();
      if (now - window.since < SLOW_MS) continue;
      if (window.bytes < SLOW_BYTES) throw new FileFaultError('the host sends too slowly', 'host');
      window = { since: now, bytes: 0 };
    }
    if (total !== null && file.byteLength !== total)
      throw new Error(`the body ended ${total - file.byteLength} bytes early`);
  } finally {
    body.destroy();
  }
}

function tooLarge(maxBytes: number): FileFaultError {
  return new FileFaultError(`it has more than ${maxBytes} bytes`, 'lasting');
}

/** A value for If-Range: a strong entity tag or a date (RFC 9110, 13.1.5). */
function versionOf({ headers }: FileAnswer): string | null {
  const tag = textOf(headers['etag']);
  if (tag !== null && tag.startsWith('"')) return tag;
  return textOf(headers['last-modified']);
}

/** The part that an answer 206 has, and the length of the whole file; null: unknown. */
function partOf({ headers }: FileAnswer): ContentRange | null {
  return parseContentRange(headers['content-range']);
}

function lengthOf(value: string | string[] | undefined): number | null {
  const text = textOf(value);
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function textOf(value: string | string[] | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function messageOf(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : String(error);
}

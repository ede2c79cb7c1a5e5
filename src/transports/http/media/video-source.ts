import { Readable } from 'node:stream';
import type { BlobStore, ByteRange } from '../../../archive/blob-store.ts';
import { videoKey } from '../../../archive/video-key.ts';
import type { Jobs } from '../../../store/job-store.ts';
import { type RequestedRange, rangeWithin } from './byte-range.ts';
import type { StreamPart } from './exact-bytes.ts';

/** A request for a video or a part of it. */
export interface VideoQuery {
  readonly jobId: string;
  /** Null: the whole video. */
  readonly range: RequestedRange | null;
  /** False: only the length is asked for. */
  readonly withBody: boolean;
  /** Ends the transfer. */
  readonly signal: AbortSignal;
}

/** What a source has of a video. */
export type SourceAnswer =
  | OpenedVideo
  /** The video has another length, so it has none of the bytes; null: the length is unknown. */
  | { readonly type: 'out-of-range'; readonly length: number | null }
  /** The source does not have the video, or no longer. */
  | { readonly type: 'missing' }
  /** The source cannot tell now. */
  | { readonly type: 'unavailable'; readonly message: string; readonly cause: unknown };

/** An opened video. */
export interface OpenedVideo {
  readonly type: 'opened';
  /** Bytes of the whole video; null: unknown. */
  readonly length: number | null;
  /** Null: the whole video is sent. */
  readonly range: ByteRange | null;
  /** The caller reads or destroys it; null: only the length was asked for. */
  readonly body: Readable | null;
  /** The part of the body to send. */
  readonly part: StreamPart;
}

/** Reads a video from the archive. @throws BlobStoreError */
export async function openArchived(
  archive: BlobStore,
  { jobId, range, withBody, signal }: VideoQuery,
): Promise<SourceAnswer> {
  const key = videoKey(jobId);
  const length = await archive.head(key, signal);
  // No video is empty: what wrote the file has failed.
  if (length === null || length === 0) return { type: 'missing' };
  const bytes = range === null ? null : rangeWithin(range, length);
  if (range !== null && bytes === null) return { type: 'out-of-range', length };
  const part = { skip: 0, length: lengthOf(bytes, length) };
  if (!withBody) return { type: 'opened', length, range: bytes, body: null, part };
  const body = await archive.get(key, bytes, signal);
  return body === null ? { type: 'missing' } : { type: 'opened', length, range: bytes, body, part };
}

/** Reads a video that the store has as base64. @throws StoreUnavailableError */
export async function openInline(
  store: Pick<Jobs, 'getVideoData'>,
  { jobId, range, withBody }: VideoQuery,
): Promise<SourceAnswer> {
  const base64 = await store.getVideoData(jobId);
  if (base64 === null) return { type: 'missing' };
  const length = Buffer.byteLength(base64, 'base64');
  const bytes = range === null ? null : rangeWithin(range, length);
  if (range !== null && bytes === null) return { type: 'out-of-range', length };
  const part = { skip: 0, length: lengthOf(bytes, length) };
  const body = withBody ? decoded(base64, bytes ?? { start: 0, end: length - 1 }) : null;
  return { type: 'opened', length, range: bytes, body, part };
}

/** Bytes of a range, or of the whole video. */
export function lengthOf<T extends number | null>(range: ByteRange | null, length: T): number | T {
  return range === null ? length : range.end - range.start + 1;
}

/** Characters of base64 that are decoded at a time: a multiple of four. */
const SLICE = 64 * 1024;

/** Decodes only the groups of three bytes that have bytes of the range. */
function decoded(base64: string, { start, end }: ByteRange): Readable {
  return Readable.from(slices(base64, start, end), { objectMode: false });
}

function* slices(base64: string, start: number, end: number): Generator<Buffer, void, undefined> {
  const last = (Math.floor(end / 3) + 1) * 4;
  let skip = start % 3;
  let left = end - start + 1;
  for (let at = Math.floor(start / 3) * 4; at < last; at += SLICE) {
    const bytes = Buffer.from(base64.slice(at, Math.min(at + SLICE, last)), 'base64').subarray(skip);
    yield bytes.subarray(0, Math.min(left, bytes.length));
    left -= bytes.length;
    skip = 0;
  }
}

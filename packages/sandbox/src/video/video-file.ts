import { stat } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { errorReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { Job } from '../jobs/job.ts';

/** Players on any page may load the file. */
export const PUBLIC_HEADERS = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'accept-ranges, content-length, content-range, etag',
};

/** The video, or the part of it that the Range header requests. */
export async function videoFile(job: Job, path: string, headers: IncomingHttpHeaders): Promise<Reply> {
  const size = await sizeOf(path);
  if (size === null) return errorReply(404, 'Video not found', PUBLIC_HEADERS);
  const etag = `"${job.videoId}"`;
  const ifRange = headers['if-range'];
  const range = ifRange === undefined || ifRange === etag ? byteRange(headers.range, size) : 'all';
  const shared = {
    ...PUBLIC_HEADERS,
    'accept-ranges': 'bytes',
    etag,
    'cache-control': 'public, max-age=86400',
  };
  if (range === 'unsatisfiable') {
    return errorReply(416, 'Range not satisfiable', { ...shared, 'content-range': `bytes */${size}` });
  }
  const file = { kind: 'file', path } as const;
  const type = { ...shared, 'content-type': 'video/mp4' };
  if (range === 'all') return { ...file, status: 200, headers: type, start: 0, length: size };
  const { start, end } = range;
  const contentRange = `bytes ${start}-${end}/${size}`;
  return {
    ...file,
    status: 206,
    headers: { ...type, 'content-range': contentRange },
    start,
    length: end - start + 1,
  };
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch {
    return null;
  }
}

/** The requested part of a file; `start` and `end` are inclusive. */
export type ByteRange = 'all' | 'unsatisfiable' | { readonly start: number; readonly end: number };

/** Parses a Range header. Anything but a single range of bytes is ignored, as RFC 9110 allows. */
export function byteRange(header: string | undefined, size: number): ByteRange {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
  const [, first = '', last = ''] = match ?? [];
  if (first === '' && last === '') return 'all';
  if (first === '') {
    const suffix = Math.min(Number(last), size);
    return suffix === 0 ? 'unsatisfiable' : { start: size - suffix, end: size - 1 };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return 'all';
  if (start >= size) return 'unsatisfiable';
  return { start, end: last === '' ? size - 1 : Math.min(Number(last), size - 1) };
}

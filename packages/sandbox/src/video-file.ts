import { stat } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { byteRange } from './byte-range.ts';
import type { Job } from './job.ts';
import { refusal } from './reply.ts';
import type { Reply } from './reply.ts';

/** Videos are public, for players on any page. */
export const PUBLIC_HEADERS = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'accept-ranges, content-length, content-range, etag',
};

/** The file, or the part of it that the Range header asks for. */
export async function videoFile(job: Job, path: string, headers: IncomingHttpHeaders): Promise<Reply> {
  const size = await sizeOf(path);
  if (size === null) return refusal(404, 'Video not found', PUBLIC_HEADERS);
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
    return refusal(416, 'Range not satisfiable', { ...shared, 'content-range': `bytes */${size}` });
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

import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { readBody } from '../http/read-body.ts';
import { jsonReply, errorReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import { PUBLIC_HEADERS } from '../video/video-file.ts';
import type { ImageKind, Uploads } from './uploads.ts';

const MAX_IMAGE_BYTES = 10 * 1024 * 1024;
/** An image of the maximum size in base64, with the JSON around it. */
const MAX_UPLOAD_BYTES = Math.ceil(MAX_IMAGE_BYTES / 3) * 4 + 1024;

const bodySchema = z.object({ data_urls: z.array(z.string()).min(1) });

const TYPES: Readonly<Record<ImageKind, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  webp: 'image/webp',
};

/** `POST /upload-asset` [SDK]: stores all images of the request or none. */
export async function upload(request: IncomingMessage, origin: string, uploads: Uploads): Promise<Reply> {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') return errorReply(406, 'Invalid content type');
  const text = await readBody(request, MAX_UPLOAD_BYTES);
  if (text === null) {
    return errorReply(413, `Body longer than ${MAX_UPLOAD_BYTES} bytes`, { connection: 'close' });
  }
  const urls = parseUrls(text);
  if (urls === null) return errorReply(400, 'data_urls must be a list of data: URLs');
  const images = urls.map(decodeImage).filter((image) => image !== null);
  if (images.length < urls.length) return errorReply(400, 'Not a PNG, JPEG or WebP of up to 10 MiB');
  const names = await Promise.all(images.map(({ kind, bytes }) => uploads.save(kind, bytes)));
  return jsonReply(200, { file_urls: names.map((name) => `${origin}/uploads/${name}`) });
}

/** `GET /uploads/{name}`: needs no key, because the model must read the image. */
export function uploadedFile(name: string, uploads: Uploads): Reply {
  const length = uploads.byteLength(name);
  const kind = name.split('.')[1];
  if (length === null || !isKind(kind)) return errorReply(404, 'Image not found', PUBLIC_HEADERS);
  const headers = {
    ...PUBLIC_HEADERS,
    'content-type': TYPES[kind],
    'x-content-type-options': 'nosniff',
    'cache-control': 'public, max-age=86400',
  };
  return { kind: 'file', status: 200, headers, path: uploads.path(name), start: 0, length };
}

function parseUrls(text: string): readonly string[] | null {
  try {
    return bodySchema.safeParse(JSON.parse(text)).data?.data_urls ?? null;
  } catch {
    return null;
  }
}

/** @returns null unless the bytes are a supported image; the media type in the URL is ignored */
function decodeImage(url: string): { kind: ImageKind; bytes: Buffer } | null {
  const prefix = /^data:[\w.+/-]*;base64,/.exec(url);
  if (prefix === null) return null;
  const data = url.slice(prefix[0].length);
  if (data.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(data)) return null;
  const bytes = Buffer.from(data, 'base64');
  const kind = kindOf(bytes.toString('latin1', 0, 12));
  return kind === null || bytes.length > MAX_IMAGE_BYTES ? null : { kind, bytes };
}

/** The format by the first twelve bytes of a file. */
function kindOf(start: string): ImageKind | null {
  if (start.startsWith('\x89PNG\r\n\x1A\n')) return 'png';
  if (start.startsWith('\xFF\xD8\xFF')) return 'jpg';
  return /^RIFF[^]{4}WEBP$/.test(start) ? 'webp' : null;
}

function isKind(kind: string | undefined): kind is ImageKind {
  return kind !== undefined && Object.hasOwn(TYPES, kind);
}

import type { CollectedVideo } from '../../video-upstream.ts';
import { isObject, type JsonObject, readNumber } from './json.ts';
import { decodeVideo, videoType } from './video-bytes.ts';
import { videoTexts } from './video-places.ts';

const DEFAULT_TYPE = 'video/mp4';
const MEDIA_TYPE = /^[\w.+-]+\/[\w.+-]+(?:\s*;[^\r\n]*)?$/;
const NO_TYPE = /^(?:application|binary)\/octet-stream\b/i;
const DATA_URL = /^data:([\w.+-]+\/[\w.+-]+)?(?:;[\w=.+-]+)*;base64,/i;
/** What fits GraphQL's Int. */
const MAX_INT = 2 ** 31 - 1;

/**
 * The video in a result: an http or https URL, a `data:` URL or base64.
 *
 * @param answer parsed JSON
 * @returns null when there is none in it
 */
export function findVideo(answer: unknown): CollectedVideo | null {
  const documented = isObject(answer) && isObject(answer['video']) ? answer['video'] : null;
  for (const { text, holder } of videoTexts(answer)) {
    const video = readUrl(text) ?? readInline(text);
    if (video === null) continue;
    const told = (field: string): unknown => holder?.[field] ?? documented?.[field];
    return {
      ...video,
      contentType: namedType(told('content_type')) ?? video.contentType,
      byteLength: video.byteLength ?? readByteLength(told('file_size')),
    };
  }
  return null;
}

/** The first http or https URL in a value of JSON that may be a video's; null when there is none. */
export function findVideoUrl(value: unknown): string | null {
  return (
    videoTexts(value)
      .map(({ text }) => readUrl(text)?.url ?? null)
      .find((url) => url !== null) ?? null
  );
}

/**
 * A video that is the body of an answer.
 *
 * @param mediaType of the answer; empty when it names none
 * @returns null when the bytes are not a video's
 */
export function readRawVideo(bytes: Buffer, mediaType: string): CollectedVideo | null {
  const type = videoType(bytes);
  if (type === null) return null;
  const contentType = /^(?:video|image)\//.test(mediaType) ? mediaType : type;
  return { url: null, base64: bytes.toString('base64'), contentType, byteLength: bytes.length };
}

/** What an answer without a video has instead of it; null when that is no short text. */
export function findVideoWords(answer: JsonObject): string | null {
  const words = videoTexts(answer).find(({ text }) => text !== '' && text.length <= 200);
  return words?.text.toWellFormed() ?? null;
}

function readUrl(text: string): CollectedVideo | null {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return null;
  return { url: text, base64: null, contentType: DEFAULT_TYPE, byteLength: null };
}

function readInline(text: string): CollectedVideo | null {
  const prefix = DATA_URL.exec(text);
  const bytes = decodeVideo(prefix === null ? text : text.slice(prefix[0].length));
  if (bytes === null) return null;
  const contentType = namedType(prefix?.[1]) ?? videoType(bytes) ?? DEFAULT_TYPE;
  return { url: null, base64: bytes.toString('base64'), contentType, byteLength: bytes.length };
}

function namedType(value: unknown): string | null {
  const type = typeof value === 'string' ? value.trim() : '';
  return MEDIA_TYPE.test(type) && !NO_TYPE.test(type) ? type : null;
}

function readByteLength(value: unknown): number | null {
  const length = readNumber(value);
  return length !== null && Number.isInteger(length) && length <= MAX_INT ? length : null;
}

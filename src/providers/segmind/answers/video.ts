/** Finds the video in a result: an http or https URL, a `data:` URL or base64. */
import type { CollectedVideo } from '../../video-upstream.ts';
import { DEFAULT_VIDEO_TYPE, VIDEO_FIELDS } from '../facts.ts';
import { isObject, type JsonObject, readNumber } from './json.ts';

const MEDIA_TYPE = /^[\w.+-]+\/[\w.+-]+(?:\s*;[^\r\n]*)?$/;
/** A type that says nothing. */
const UNKNOWN_TYPE = /^(?:application|binary)\/octet-stream\b/i;
const DATA_URL = /^data:([\w.+-]+\/[\w.+-]+)?(?:;[\w=.+-]+)*;base64,/i;
/** The range of GraphQL's Int. */
const MAX_INT = 2 ** 31 - 1;
/** `data.output.video.url` is the deepest place that makes sense. */
const MAX_DEPTH = 4;

/**
 * @param answer parsed JSON
 * @returns null when it has no video
 */
export function findVideo(answer: unknown): CollectedVideo | null {
  const documented = isObject(answer) && isObject(answer['video']) ? answer['video'] : null;
  for (const { text, holder } of videoTexts(answer)) {
    const video = readUrl(text) ?? readInline(text);
    if (video === null) continue;
    const fieldOf = (name: string): unknown => holder?.[name] ?? documented?.[name];
    return {
      ...video,
      contentType: readMediaType(fieldOf('content_type')) ?? video.contentType,
      byteLength: video.byteLength ?? readByteLength(fieldOf('file_size')),
    };
  }
  return null;
}

/** The first video at an http or https URL; null when there is none. */
export function findUrlVideo(value: unknown): CollectedVideo | null {
  return (
    videoTexts(value)
      .map(({ text }) => readUrl(text))
      .find((video) => video !== null) ?? null
  );
}

/** A short text at a place for videos, for the message about an answer without a video; null when there is none. */
export function findVideoWords(answer: JsonObject): string | null {
  const words = videoTexts(answer).find(({ text }) => text !== '' && text.length <= 200);
  return words?.text.toWellFormed() ?? null;
}

/**
 * A video that is the body of an answer.
 *
 * @param mediaType of the answer; empty when it has none
 * @returns null when the bytes are not a video
 */
export function readRawVideo(bytes: Buffer, mediaType: string): CollectedVideo | null {
  const type = videoType(bytes);
  if (type === null) return null;
  const contentType = /^(?:video|image)\//.test(mediaType) ? mediaType : type;
  return { url: null, base64: bytes.toString('base64'), contentType, byteLength: bytes.length };
}

interface VideoText {
  /** Trimmed. */
  readonly text: string;
  /** The object that has the text, or its list, as a field. */
  readonly holder: JsonObject | null;
}

/** All texts at places for videos, the likeliest first. */
function* videoTexts(
  value: unknown,
  holder: JsonObject | null = null,
  depth = MAX_DEPTH,
): Generator<VideoText> {
  if (typeof value === 'string') yield { text: value.trim(), holder };
  else if (depth === 0) return;
  else if (Array.isArray(value)) {
    for (const one of value) if (!Array.isArray(one)) yield* videoTexts(one, holder, depth);
  } else if (isObject(value)) {
    for (const field of VIDEO_FIELDS) yield* videoTexts(value[field], value, depth - 1);
  }
}

function readUrl(text: string): CollectedVideo | null {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return null;
  return { url: text, base64: null, contentType: DEFAULT_VIDEO_TYPE, byteLength: null };
}

function readInline(text: string): CollectedVideo | null {
  const prefix = DATA_URL.exec(text);
  const bytes = decodeVideo(prefix === null ? text : text.slice(prefix[0].length));
  if (bytes === null) return null;
  const contentType = readMediaType(prefix?.[1]) ?? videoType(bytes) ?? DEFAULT_VIDEO_TYPE;
  return { url: null, base64: bytes.toString('base64'), contentType, byteLength: bytes.length };
}

function readMediaType(value: unknown): string | null {
  const type = typeof value === 'string' ? value.trim() : '';
  return MEDIA_TYPE.test(type) && !UNKNOWN_TYPE.test(type) ? type : null;
}

function readByteLength(value: unknown): number | null {
  const length = readNumber(value);
  return length !== null && Number.isInteger(length) && length <= MAX_INT ? length : null;
}

/**
 * Decodes a video in base64, with the standard or the URL-safe alphabet, with or without padding and line breaks.
 *
 * @returns null when the text is not base64, or not of a video: a word like `None` is valid base64
 */
function decodeVideo(text: string): Buffer | null {
  if (videoType(Buffer.from(text.slice(0, 64), 'base64')) === null) return null;
  const data = text.replaceAll(/\s+/g, '').replace(/={1,2}$/, '');
  // Buffer.from skips characters that are not base64.
  if (data.length % 4 === 1 || /[^\w+/-]/.test(data)) return null;
  return Buffer.from(data, 'base64');
}

/** The media type by the first bytes: MP4 (ISO 14496-12: a box `ftyp`), WebM (the EBML header) or GIF; null for anything else. */
function videoType(bytes: Buffer): string | null {
  if (bytes.toString('latin1', 4, 8) === 'ftyp') return 'video/mp4';
  if (bytes.toString('hex', 0, 4) === '1a45dfa3') return 'video/webm';
  return bytes.toString('latin1', 0, 4) === 'GIF8' ? 'image/gif' : null;
}

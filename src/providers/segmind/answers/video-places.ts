import { isObject, type JsonObject } from './json.ts';

/**
 * Where a video may stand, the likeliest place first. `video.url` with `output` beside it is documented [docs]. Other
 * models of this API gave a URL as `output`, `output[]`, `output.url`, `output.video_url`, `output.video.url`,
 * `video_url`, `videos[].url` and `video[]` [seen]; the place of base64 is unknown.
 */
const PLACES = [
  'video',
  'output',
  'videos',
  'outputs',
  'video_url',
  'url',
  'base64',
  'result',
  'data',
] as const;
/** `data.output.video.url` is the deepest place that makes sense. */
const MAX_DEPTH = 4;

/** A text in a place where a video may stand. */
export interface VideoText {
  /** Trimmed. */
  readonly text: string;
  /** The object that has the text or its list as a field. */
  readonly holder: JsonObject | null;
}

/** All texts in a value of JSON that may be a video, the likeliest first. */
export function* videoTexts(
  value: unknown,
  holder: JsonObject | null = null,
  depth = MAX_DEPTH,
): Generator<VideoText> {
  if (typeof value === 'string') yield { text: value.trim(), holder };
  else if (depth === 0) return;
  else if (Array.isArray(value)) {
    for (const one of value) if (!Array.isArray(one)) yield* videoTexts(one, holder, depth);
  } else if (isObject(value)) {
    for (const place of PLACES) yield* videoTexts(value[place], value, depth - 1);
  }
}

/**
 * Reads the upstream's answers, liberally: whatever does not have the expected form is null, never an error.
 * Field names and forms: upstream documentation, marked [page] or [docs], and recorded answers, marked [seen].
 */
import { z } from 'zod';
import type { JobMetrics } from '../../domain/job.ts';
import type { CollectedVideo } from '../video-upstream.ts';

const MAX_MESSAGE = 500;
const MAX_ID = 200;

// A whole number past 2^53 has lost digits in JSON.parse: as an id it would be some other job's.
const anyText = z.union([z.string(), z.int()]).transform(String).nullable().catch(null);
// Not z.coerce: it reads "" and false as 0.
const anyNumber = z
  .union([z.number(), z.string().trim().min(1).transform(Number)])
  .pipe(z.number().nonnegative())
  .nullable()
  .catch(null);
/** Fits GraphQL's Int. */
const anyByteCount = anyNumber.pipe(z.int32().nullable()).catch(null);
const metricsSchema = z
  .object({ inference_time: anyNumber, queue_time: anyNumber, cost: anyNumber })
  .partial()
  .nullish()
  .catch(null);

const answerSchema = z.object({
  request_id: anyText.optional(),
  status: anyText.optional(),
  error: z.unknown().optional(),
  metrics: metricsSchema,
  video: z.unknown().optional(),
  output: z.unknown().optional(),
});

/** An upstream answer that is at least a JSON object. */
export type UpstreamAnswer = z.output<typeof answerSchema>;

/** @returns null for anything that is not a JSON object: HTML, `null`, an array, a truncated body. */
export function parseAnswer(body: string | null): UpstreamAnswer | null {
  if (body === null) return null;
  try {
    return answerSchema.safeParse(JSON.parse(body)).data ?? null;
  } catch {
    return null;
  }
}

/** The status word in capitals, or null. */
export function statusWord(answer: UpstreamAnswer | null): string | null {
  return answer?.status?.trim().toUpperCase() ?? null;
}

/** The id of the job, or null when there is none that could stand in a path. It is opaque [docs]. */
export function requestId(answer: UpstreamAnswer | null): string | null {
  const id = answer?.request_id?.trim() ?? '';
  if (id === '' || id === '.' || id === '..' || id.length > MAX_ID) return null;
  return id.isWellFormed() ? id : null;
}

/** The upstream's own words on what went wrong, shortened; null when it said nothing. */
export function errorMessage(answer: UpstreamAnswer | null): string | null {
  const error = answer?.error;
  if (error === null || error === undefined) return null;
  const text = (typeof error === 'string' ? error : stringify(error)).trim();
  return text === '' ? null : text.slice(0, MAX_MESSAGE).toWellFormed();
}

function stringify(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    // Nested too deeply to be written out again.
    return '';
  }
}

/** Seconds and USD [docs]; null when the answer has no metrics. */
export function answerMetrics(answer: UpstreamAnswer | null): JobMetrics | null {
  const metrics = answer?.metrics;
  if (metrics === null || metrics === undefined) return null;
  const found = {
    queueSeconds: metrics.queue_time ?? null,
    inferenceSeconds: metrics.inference_time ?? null,
    costUsd: metrics.cost ?? null,
  };
  return Object.values(found).some((value) => value !== null) ? found : null;
}

const MEDIA_TYPE = /^[\w.+-]+\/[\w.+-]+(?:\s*;[^\r\n]*)?$/;

const videoObjectSchema = z.object({
  url: z.unknown().optional(),
  base64: z.unknown().optional(),
  content_type: z.string().trim().regex(MEDIA_TYPE).nullish().catch(null),
  file_size: anyByteCount.optional(),
});

/**
 * The video in a result. `video.url` with `output` beside it is documented, `output` alone was seen for other models;
 * the form with `base64: true` is unknown, so a base64 text or a `data:` URL is taken in any of these places.
 *
 * @returns null when there is no video in it
 */
export function answerVideo(answer: UpstreamAnswer | null): CollectedVideo | null {
  if (answer === null) return null;
  const details = videoObjectSchema.safeParse(answer.video).data;
  const outputs: readonly unknown[] = Array.isArray(answer.output) ? answer.output : [answer.output];
  const places = [details?.url, details?.base64, answer.video, ...outputs];
  for (const place of places) {
    if (typeof place !== 'string') continue;
    const video = readVideo(place.trim());
    if (video === null) continue;
    const contentType = details?.content_type ?? video.contentType;
    return { ...video, contentType, byteLength: video.byteLength ?? details?.file_size ?? null };
  }
  return null;
}

const DATA_URL = /^data:([\w.+-]+\/[\w.+-]+)?(?:;[\w=.+-]+)*;base64,/i;

function readVideo(text: string): CollectedVideo | null {
  if (/^https?:\/\//i.test(text)) {
    return URL.canParse(text)
      ? { url: text, base64: null, contentType: 'video/mp4', byteLength: null }
      : null;
  }
  const prefix = DATA_URL.exec(text);
  const bytes = prefix === null ? decodeBareBase64(text) : decodeBase64(text.slice(prefix[0].length));
  if (bytes === null) return null;
  return {
    url: null,
    base64: bytes.toString('base64'),
    contentType: prefix?.[1] ?? 'video/mp4',
    byteLength: bytes.length,
  };
}

/** With nothing to announce it, base64 must be told from a path or a word: padded, and no video starts with a slash. */
function decodeBareBase64(text: string): Buffer | null {
  const data = text.replaceAll(/[\r\n]+/g, '');
  return data.length % 4 === 0 && !data.startsWith('/') ? decodeBase64(data) : null;
}

/** Buffer.from skips what is not base64, so it is looked for first. @returns null too when nothing is in it */
function decodeBase64(text: string): Buffer | null {
  const data = text.replaceAll(/\s+/g, '').replace(/={1,2}$/, '');
  if (data === '' || data.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(data)) return null;
  return Buffer.from(data, 'base64');
}

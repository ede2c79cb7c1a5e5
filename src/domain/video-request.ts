import { createHash } from 'node:crypto';
import { z } from 'zod';
import { isPublicHost } from './public-address.ts';

/** The upstream's own default [page]. */
export const DEFAULT_NEGATIVE_PROMPT =
  'blurry, bad quality, camera shake, distortion, poor composition, low resolution, artifact, watermark';

/** Longest side of the video in pixels [page]. */
export type Resolution = 360 | 480 | 576;

/** What a video is made from: the input as accepted, defaults filled in. */
export interface VideoRequest {
  /** http or https, at most 2,048 characters. */
  readonly image: string;
  /** 1 to 2,000 characters, trimmed. */
  readonly prompt: string;
  /** At most 2,000 characters, trimmed. */
  readonly negativePrompt: string;
  readonly resolution: Resolution;
  /** Whole seconds, 1 to 5. */
  readonly videoLength: number;
  /** 10 to 70. */
  readonly steps: number;
  readonly seed: number;
  /** True: the video is kept by the gateway and handed out as base64, not as a URL. */
  readonly base64: boolean;
}

/** One fault of an input. `path` starts at the input object, e.g. `["prompt"]`. */
export interface InputIssue {
  readonly path: readonly string[];
  readonly message: string;
}

/** The outcome of `parseVideoRequest`: the accepted request and key, or every fault of the input. */
export type ParsedVideoRequest =
  | { readonly ok: true; readonly request: VideoRequest; readonly idempotencyKey: string | null }
  | { readonly ok: false; readonly issues: readonly InputIssue[] };

/** Characters of a prompt, and of a URL. */
export const MAX_TEXT = 2000;
export const MAX_URL = 2048;
const MAX_KEY = 128;

const trimmed = z.string().trim();

// The upstream validates only after queueing, so whatever is let through here has been paid for.
const inputSchema = z.object({
  image: text(trimmed, MAX_URL).refine(
    isHttpUrl,
    'must be an http or https URL, such as https://example.com/cat.png',
  ),
  prompt: text(trimmed, MAX_TEXT).min(1, 'must not be empty'),
  negativePrompt: optional(text(trimmed, MAX_TEXT), DEFAULT_NEGATIVE_PROMPT),
  resolution: optional(z.literal([360, 480, 576], 'must be 360, 480 or 576'), 480),
  videoLength: optional(wholeNumber(1, 5, 'seconds'), 3),
  steps: optional(wholeNumber(10, 70, 'steps'), 30),
  seed: optional(z.int('must be a whole number'), 42424242),
  base64: optional(z.boolean(), false),
  idempotencyKey: optional(
    text(z.string(), MAX_KEY).min(1, 'must not be empty; leave it out to send none'),
    null,
  ),
});

const publicInputSchema = inputSchema.extend({
  image: inputSchema.shape.image.refine(
    (value) => !isHttpUrl(value) || isPublicHost(new URL(value)),
    'must be on a public host: the upstream cannot fetch it from a private network',
  ),
});

/**
 * Checks an input and fills in the defaults; a field that is null or absent takes its default.
 *
 * @param privateImages whether `image` may name a host that only a private network can reach
 * @returns every fault at once, not the first. Never throws.
 */
export function parseVideoRequest(input: unknown, privateImages: boolean): ParsedVideoRequest {
  const parsed = (privateImages ? inputSchema : publicInputSchema).safeParse(input);
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => ({
      path: issue.path.map(String),
      message: issue.message,
    }));
    return { ok: false, issues };
  }
  const { idempotencyKey, ...request } = parsed.data;
  return { ok: true, request, idempotencyKey };
}

/** A digest that is equal for equal requests; tells a repeated idempotent call from a conflicting one. */
export function requestFingerprint(request: VideoRequest): string {
  const { image, prompt, negativePrompt, resolution, videoLength, steps, seed, base64 } = request;
  const ordered = [image, prompt, negativePrompt, resolution, videoLength, steps, seed, base64];
  return createHash('sha256').update(JSON.stringify(ordered)).digest('base64url');
}

function optional<T extends z.ZodType, const D>(schema: T, fallback: D) {
  return schema.nullish().transform((value) => value ?? fallback);
}

function wholeNumber(min: number, max: number, unit: string) {
  const message = `must be a whole number of ${unit} from ${min} to ${max}`;
  return z.int(message).min(min, message).max(max, message);
}

/**
 * At most `max` characters as people count them: zod counts code points. Half a surrogate pair, such as a text cut
 * within an emoji leaves, is refused, since UTF-8 can't hold it.
 */
function text(schema: z.ZodString, max: number): z.ZodString {
  return schema
    .max(max, `must be at most ${max.toLocaleString('en')} characters long`)
    .refine((value) => value.isWellFormed(), 'must be well-formed Unicode text');
}

/** URL.parse mends what a stricter reader refuses: missing slashes, line breaks and blanks. The text is sent as it is. */
function isHttpUrl(value: string): boolean {
  return /^https?:\/\/[^\s\p{Cc}/\\][^\s\p{Cc}]*$/iu.test(value) && URL.canParse(value);
}

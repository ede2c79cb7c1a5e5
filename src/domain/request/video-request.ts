import { createHash } from 'node:crypto';
import { z } from 'zod';
import { isPublicHost } from './public-address.ts';

/** The accepted input of a job, with the defaults filled in. */
export interface VideoRequest {
  /** http or https, at most 2,048 characters. */
  readonly image: string;
  /** 1 to 2,000 characters, trimmed. */
  readonly prompt: string;
  /** At most 2,000 characters, trimmed. */
  readonly negativePrompt: string;
  /** Longest side of the video in pixels. */
  readonly resolution: number;
  /** Whole seconds. */
  readonly videoLength: number;
  readonly steps: number;
  readonly seed: number;
  /** True: the gateway stores the video and returns it as base64. */
  readonly base64: boolean;
}

/** Both ends included. */
interface Range {
  readonly min: number;
  readonly max: number;
}

/** What a provider's model accepts and how long it takes. These are facts about the provider, so its folder states them. */
export interface VideoModel {
  readonly resolutions: readonly [number, ...number[]];
  readonly videoLength: Range;
  readonly steps: Range;
  /** The values of parameters that an input leaves out. */
  readonly defaults: Omit<VideoRequest, 'image' | 'prompt'>;
  /** Mean duration of a job in milliseconds; used until the gateway has measured its own jobs. */
  readonly typicalMs: number;
  /** About what a video costs in US dollars; null: unknown. */
  readonly priceUsd: number | null;
  /** Milliseconds from submission for which the upstream keeps the file of a video. */
  readonly fileLifetimeMs: number;
}

/** One error of an input. `path` starts at the input object, e.g. `["prompt"]`. */
export interface InputIssue {
  readonly path: readonly string[];
  readonly message: string;
}

/** The outcome of a `RequestParser`: the accepted request and key, or all errors of the input. */
export type ParsedVideoRequest =
  | { readonly ok: true; readonly request: VideoRequest; readonly idempotencyKey: string | null }
  | { readonly ok: false; readonly issues: readonly InputIssue[] };

/** The most characters of a prompt, and of a URL. */
export const MAX_TEXT = 2000;
export const MAX_URL = 2048;
const MAX_KEY = 128;

const trimmed = z.string().trim();

/**
 * Validates an input. A field that is null or absent gets its default.
 *
 * @param privateImages whether `image` may name a host that only a private network can reach
 * @returns all errors, not only the first. Never throws.
 */
export type RequestParser = (input: unknown, privateImages: boolean) => ParsedVideoRequest;

/** Creates the parser for a model. */
export function requestParser(model: VideoModel): RequestParser {
  const schema = inputSchema(model);
  const publicSchema = schema.extend({
    image: schema.shape.image.refine(
      (value) => !isHttpUrl(value) || isPublicHost(new URL(value)),
      'must be on a public host: the upstream cannot fetch it from a private network',
    ),
  });
  return (input, privateImages) => {
    const parsed = (privateImages ? schema : publicSchema).safeParse(input);
    if (!parsed.success) {
      const issues = parsed.error.issues.map(({ path, message }) => ({ path: path.map(String), message }));
      return { ok: false, issues };
    }
    const { idempotencyKey, ...request } = parsed.data;
    return { ok: true, request, idempotencyKey };
  };
}

/** The upstream validates after queueing, so an invalid request that passes here is paid for. */
function inputSchema({ resolutions, videoLength, steps, defaults }: VideoModel) {
  const allowed = resolutions.map(String);
  const resolution = z.literal(
    [...resolutions],
    `must be ${allowed.slice(0, -1).join(', ')} or ${allowed.at(-1)}`,
  );
  return z.object({
    image: text(trimmed, MAX_URL).refine(
      isHttpUrl,
      'must be an http or https URL, such as https://example.com/cat.png',
    ),
    prompt: text(trimmed, MAX_TEXT).min(1, 'must not be empty'),
    negativePrompt: optional(text(trimmed, MAX_TEXT), defaults.negativePrompt),
    resolution: optional(resolution, defaults.resolution),
    videoLength: optional(wholeNumber(videoLength, 'seconds'), defaults.videoLength),
    steps: optional(wholeNumber(steps, 'steps'), defaults.steps),
    seed: optional(z.int('must be a whole number'), defaults.seed),
    base64: optional(z.boolean(), defaults.base64),
    idempotencyKey: optional(
      text(z.string(), MAX_KEY).min(1, 'must not be empty; leave it out to send none'),
      null,
    ),
  });
}

/** A digest that is equal for equal requests. It distinguishes a repeated idempotent call from a conflicting one. */
export function requestFingerprint(request: VideoRequest): string {
  const { image, prompt, negativePrompt, resolution, videoLength, steps, seed, base64 } = request;
  const ordered = [image, prompt, negativePrompt, resolution, videoLength, steps, seed, base64];
  return createHash('sha256').update(JSON.stringify(ordered)).digest('base64url');
}

function optional<T extends z.ZodType, D>(schema: T, fallback: D) {
  return schema.nullish().transform((value) => value ?? fallback);
}

function wholeNumber({ min, max }: Range, unit: string) {
  const message = `must be a whole number of ${unit} from ${min} to ${max}`;
  return z.int(message).min(min, message).max(max, message);
}

/**
 * At most `max` characters; zod counts code points. Half of a surrogate pair, as in a text that was cut within an emoji, is refused, because
 * UTF-8 cannot encode it.
 */
function text(schema: z.ZodString, max: number): z.ZodString {
  return schema
    .max(max, `must be at most ${max.toLocaleString('en')} characters long`)
    .refine((value) => value.isWellFormed(), 'must be well-formed Unicode text');
}

/** Stricter than URL.parse, which repairs missing slashes, line breaks and blanks: the text is sent as it is. */
function isHttpUrl(value: string): boolean {
  return /^https?:\/\/[^\s\p{Cc}/\\][^\s\p{Cc}]*$/iu.test(value) && URL.canParse(value);
}

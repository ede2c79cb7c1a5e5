/**
 * All facts about the vendor and its model: addresses, parameters, lifetimes, limits, and the words and field names of its
 * answers. Each has a mark for its source: [page] the model's page, [docs] other vendor documentation, [profile] the vendor's
 * account pages, [SDK] the vendor's Python SDK, [seen] answers of other models of this API; see docs/upstream.md.
 */
import type { VideoModel, VideoRequest } from '../../domain/request/video-request.ts';

/** The model API [docs]. */
export const VENDOR_ORIGIN = 'https://api.segmind.com';
/** Takes uploads [SDK]. */
const VENDOR_UPLOAD_ORIGIN = 'https://workflows-api.segmind.com';
/** Uploads images as `data:` URLs [SDK]. */
export const UPLOAD_PATH = '/upload-asset';
/** Returns the account's credits; free of charge [docs]. */
export const CREDITS_PATH = '/v1/get-user-credits';
/** Serves the request history [SDK 1.3.0]. */
const VENDOR_HISTORY_ORIGIN = 'https://api.spotprod.segmind.com';
const HISTORY_PATH = '/inference-request/request-history';

/** How long after submission the vendor keeps a result [page]. */
export const RESULT_LIFETIME_MS = 60 * 60 * 1000;
/** How long after submission the vendor keeps the file at a result's URL [docs]. */
export const FILE_LIFETIME_MS = 7 * 24 * 60 * 60 * 1000;

/** The model's name in paths and in the request history [page]. */
export const MODEL = 'wan2.1-i2v-480p';
/** Wan 2.1 image to video: its parameters [page], and the mean duration and the price of a job [docs, page]. */
export const WAN_MODEL: VideoModel = {
  resolutions: [360, 480, 576],
  videoLength: { min: 1, max: 5 },
  steps: { min: 10, max: 70 },
  defaults: {
    negativePrompt:
      'blurry, bad quality, camera shake, distortion, poor composition, low resolution, artifact, watermark',
    resolution: 480,
    videoLength: 3,
    steps: 30,
    seed: 42424242,
    base64: false,
  },
  typicalMs: 53_380,
  priceUsd: 0.53,
  fileLifetimeMs: FILE_LIFETIME_MS,
};

/** Calls a minute of the Pro plan [docs]. */
export const RATE_LIMIT_RPM = 50;

/** Submits a job [page]. */
export const SUBMIT_PATH = `/v2/${MODEL}`;

/** The result of a job [page]. */
export function resultPath(upstreamId: string): string {
  return `/v2/requests/${encodeURIComponent(upstreamId)}`;
}

/** The status of a job [page]. */
export function statusPath(upstreamId: string): string {
  return `${resultPath(upstreamId)}/status`;
}

/**
 * The default URL of the request history. The vendor serves it from a separate host. Any other upstream (a sandbox, a server
 * in a test) serves it itself.
 *
 * @param upstreamOrigin e.g. `https://api.segmind.com`
 */
export function historyUrl(upstreamOrigin: string): string {
  const origin = upstreamOrigin === VENDOR_ORIGIN ? VENDOR_HISTORY_ORIGIN : upstreamOrigin;
  return `${origin}${HISTORY_PATH}`;
}

/** The origin for uploads: the vendor has a separate host; any other upstream takes them itself. */
export function uploadOrigin(upstreamOrigin: string): string {
  return upstreamOrigin === VENDOR_ORIGIN ? VENDOR_UPLOAD_ORIGIN : upstreamOrigin;
}

/** The model's parameters by the vendor's names [page]. */
export interface Payload {
  readonly image: string;
  readonly prompt: string;
  readonly negative_prompt: string;
  readonly resolution: number;
  readonly video_length: number;
  readonly steps: number;
  readonly seed: number;
  readonly base64: boolean;
}

/** The body of a submit, field for field. */
export function toPayload(request: VideoRequest): Payload {
  return {
    image: request.image,
    prompt: request.prompt,
    negative_prompt: request.negativePrompt,
    resolution: request.resolution,
    video_length: request.videoLength,
    steps: request.steps,
    seed: request.seed,
    base64: request.base64,
  };
}

const {
  image: _image,
  prompt: _prompt,
  ...defaults
} = toPayload({ image: '', prompt: '', ...WAN_MODEL.defaults });
/** The values that the vendor uses for absent parameters [page]; `image` and `prompt` have none. */
export const PAYLOAD_DEFAULTS: Readonly<Partial<Payload>> = defaults;

/** The meaning of a status word. `ended`: an undocumented final word. `other`: a word that is not known to be final. */
export type Stage = 'queued' | 'processing' | 'completed' | 'failed' | 'ended' | 'other';

/** The documented status words [docs]. */
export const DOCUMENTED_STATUS: ReadonlyMap<string, Stage> = new Map([
  ['QUEUED', 'queued'],
  ['PROCESSING', 'processing'],
  ['COMPLETED', 'completed'],
  ['FAILED', 'failed'],
]);
/** Undocumented words with the same meaning. */
export const STATUS_SYNONYMS: ReadonlyMap<string, Stage> = new Map([
  ['PENDING', 'queued'],
  ['IN_QUEUE', 'queued'],
  ['STARTING', 'queued'],
  ['RUNNING', 'processing'],
  ['IN_PROGRESS', 'processing'],
  ['SUCCESS', 'completed'],
  ['SUCCEEDED', 'completed'],
  ['COMPLETE', 'completed'],
  ['DONE', 'completed'],
  ['FINISHED', 'completed'],
]);
/** Undocumented final words that only a job can have. */
export const ENDED_STATUS: ReadonlySet<string> = new Set([
  'CANCELLED',
  'CANCELED',
  'ABORTED',
  'TERMINATED',
  'KILLED',
  'STOPPED',
  'TIMED_OUT',
]);
/** Undocumented final words that also occur in error envelopes, such as `{"status": "error"}`. */
export const ENDED_OR_ENVELOPE: ReadonlySet<string> = new Set([
  'ERROR',
  'ERRORED',
  'FAIL',
  'FAILURE',
  'TIMEOUT',
  'EXPIRED',
  'REJECTED',
  'DELETED',
  'BLOCKED',
]);

/**
 * Fields that may hold a video, the likeliest first. `video.url` with `output` beside it is documented [docs]. Other models
 * returned a URL as `output`, `output[]`, `output.url`, `output.video_url`, `output.video.url`, `video_url`, `videos[].url` and
 * `video[]` [seen]. The place of base64 is unknown.
 */
export const VIDEO_FIELDS = [
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
/** The media type of a video when the answer has none. */
export const DEFAULT_VIDEO_TYPE = 'video/mp4';

/** HTTP statuses that report missing credits: 402 [docs]; "No credits found" was seen with 404, others with 400, 403 and 406. */
export const CREDITS_STATUS = 402;
export const MAY_MEAN_CREDITS: ReadonlySet<number> = new Set([400, 403, 404, 406]);
export const CREDITS_WORDS = /credit/i;
/** 406 is a team's spend limit, a wrong Content-Type [profile], or a refused parameter value [docs]. */
export const SPEND_LIMIT_WORDS = /spend|budget|balance/i;
export const LIMIT_WORDS = /limit/i;
export const PARAMETER_WORDS =
  /\b(?:parameter|value|content[- ]?type|image|prompt|negative_prompt|resolution|video_length|steps|seed|base64)\b/i;

/** The header of a 429 with the time at which the rate limit's window resets [profile]. Its format is unknown. */
export const RATE_LIMIT_RESET_HEADER = 'x-rate-limit-reset-at-utc';

/** Rows on a page of the request history at most [SDK]. */
export const HISTORY_PAGE_ROWS = 100;
/** Possible names of the list in a page of the history, at the top and one level below. The real name is unknown. */
export const HISTORY_LIST_FIELDS = ['data', 'results', 'items', 'requests', 'history', 'rows'] as const;
/** The time by which the history is sorted [SDK]. */
export const HISTORY_SORT_FIELD = 'model_created';
/** Possible names of the time of creation in a row of the history. The real name is unknown. */
export const HISTORY_TIME_FIELDS = [
  HISTORY_SORT_FIELD,
  'created_at',
  'createdAt',
  'created',
  'request_created',
  'request_time',
  'requested_at',
  'timestamp',
  'started_at',
  'date',
] as const;

/**
 * All facts about the vendor and its model in one place: addresses, parameters, lifetimes, limits. How the vendor words its answers is in
 * `answers/`. Marks: [page] the model's page, [docs] other vendor documentation, [SDK] the vendor's Python SDK; see docs/upstream.md.
 */
import type { VideoModel, VideoRequest } from '../../domain/request/video-request.ts';

/** The model API [docs]. */
export const VENDOR_ORIGIN = 'https://api.segmind.com';
/** Takes uploads [SDK]. */
export const VENDOR_UPLOAD_ORIGIN = 'https://workflows-api.segmind.com';
/** Serves the request history [SDK 1.3.0]. */
const VENDOR_HISTORY_ORIGIN = 'https://api.spotprod.segmind.com';
const HISTORY_PATH = '/inference-request/request-history';

/** From submission: how long the vendor keeps a result [page], and how long the file behind a result's URL [docs]. */
export const RESULT_LIFETIME_MS = 60 * 60 * 1000;
export const FILE_LIFETIME_MS = 7 * 24 * 60 * 60 * 1000;
/** The model's name in paths and in the request history [page]. */
export const MODEL = 'wan2.1-i2v-480p';
/** Wan 2.1 image to video: its parameters [page] and the mean duration of a job [docs]. */
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
 * The default URL of the request history for an upstream. The vendor serves it from a host of its own; any other
 * upstream (a sandbox, a server in a test) serves it itself.
 *
 * @param upstreamOrigin e.g. `https://api.segmind.com`
 */
export function historyUrl(upstreamOrigin: string): string {
  const origin = upstreamOrigin === VENDOR_ORIGIN ? VENDOR_HISTORY_ORIGIN : upstreamOrigin;
  return `${origin}${HISTORY_PATH}`;
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

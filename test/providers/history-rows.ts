import type { VideoRequest } from '../../src/domain/request/video-request.ts';
import type { HistoryQuery } from '../../src/providers/video-upstream.ts';
import { NOW, REQUEST } from '../support/upstream/session.ts';

/** Around NOW, like the search for a lost submission. */
export const QUERY: HistoryQuery = { request: REQUEST, from: NOW - 60_000, to: NOW + 60_000, page: 1 };

/** The inputs as the vendor gets them, written independently of the adapter. */
export function inputsOf(request: VideoRequest): Record<string, unknown> {
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

/** A row that matches QUERY. */
export function row(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    request_id: 'job-1',
    model_name: 'wan2.1-i2v-480p',
    model_status: 'COMPLETED',
    credits_deduction: 0.53,
    request_body: inputsOf(REQUEST),
    generation_url: 'https://images.segmind.com/v.mp4',
    latency_ms: 53_000,
    model_created: new Date(NOW).toISOString(),
    error: null,
    ...overrides,
  };
}

/** A video of which only the URL is known. */
export function urlVideo(url: string) {
  return { url, base64: null, contentType: 'video/mp4', byteLength: null };
}

/** The entry of that row. */
export const ENTRY = {
  upstreamId: 'job-1',
  createdAt: NOW,
  state: 'completed',
  video: urlVideo('https://images.segmind.com/v.mp4'),
  message: null,
  costUsd: 0.53,
} as const;

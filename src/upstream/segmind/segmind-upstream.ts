import type { FailureCode } from '../../domain/failure.ts';
import type { VideoRequest } from '../../domain/video-request.ts';
import type {
  CallOptions,
  JobEnd,
  PassingFault,
  ResultOutcome,
  StatusOutcome,
  SubmitOutcome,
  VideoUpstream,
} from '../video-upstream.ts';
import {
  answerMetrics,
  answerVideo,
  errorMessage,
  parseAnswer,
  requestId,
  statusWord,
  type UpstreamAnswer,
} from './answers.ts';
import { type HttpAnswer, HttpClient, type HttpClientOptions } from './http.ts';

const MODEL_PATH = '/v2/wan2.1-i2v-480p';
const MAX_ANSWER_BYTES = 1024 * 1024;
/** A result may hold the whole video as base64. */
const MAX_RESULT_BYTES = 64 * 1024 * 1024;

/**
 * Segmind's asynchronous (v2) API. The URLs in its answers are not followed: they are rebuilt from the id, so that no
 * answer can send the key elsewhere.
 */
export class SegmindUpstream implements VideoUpstream {
  readonly #http: HttpClient;

  constructor(options: HttpClientOptions) {
    this.#http = new HttpClient(options);
  }

  async submit(request: VideoRequest, options: CallOptions): Promise<SubmitOutcome> {
    const answer = await this.#http.call({
      ...options,
      method: 'POST',
      path: MODEL_PATH,
      body: JSON.stringify(toPayload(request)),
      maxBodyBytes: MAX_ANSWER_BYTES,
    });
    return readSubmit(answer);
  }

  async status(upstreamId: string, options: CallOptions): Promise<StatusOutcome> {
    const path = `/v2/requests/${encodeURIComponent(upstreamId)}/status`;
    const answer = await this.#http.call({
      ...options,
      method: 'GET',
      path,
      maxBodyBytes: MAX_ANSWER_BYTES,
    });
    return readJob(answer, (body): StatusOutcome | null => {
      switch (statusWord(body)) {
        case 'QUEUED':
          return { type: 'queued' };
        case 'PROCESSING':
          return { type: 'processing' };
        case 'COMPLETED':
          return { type: 'completed', metrics: answerMetrics(body) };
        case null:
        default:
          return null;
      }
    });
  }

  async result(upstreamId: string, options: CallOptions): Promise<ResultOutcome> {
    const path = `/v2/requests/${encodeURIComponent(upstreamId)}`;
    const answer = await this.#http.call({
      ...options,
      method: 'GET',
      path,
      maxBodyBytes: MAX_RESULT_BYTES,
    });
    return readJob(answer, (body): ResultOutcome | null => {
      const word = statusWord(body);
      const video = word === 'COMPLETED' || word === null ? answerVideo(body) : null;
      return video === null ? null : { type: 'ready', video, metrics: answerMetrics(body) };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http[Symbol.asyncDispose]();
  }
}

/** The page's parameters, field for field [page]. */
function toPayload(request: VideoRequest): Record<string, unknown> {
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

function readSubmit(answer: HttpAnswer): SubmitOutcome {
  if (answer.type === 'not-sent') return { type: 'not-made', ...passing(answer.reason) };
  if (answer.type === 'lost') return unknownSubmit(answer.reason);
  const body = parseAnswer(answer.body);
  const { status } = answer;
  if (status >= 200 && status < 300) {
    const upstreamId = requestId(body);
    return upstreamId === null
      ? unknownSubmit(`HTTP ${status} without a readable job id`)
      : { type: 'accepted', upstreamId };
  }
  if (status < 400 || CUT_OFF.has(status)) return unknownSubmit(`HTTP ${status}`);
  if (status >= 500 || REPEATABLE.has(status)) return { type: 'not-made', ...httpFault(answer) };
  return {
    type: 'refused',
    code: refusalCode(status, body),
    message: errorMessage(body) ?? `The upstream answered HTTP ${status}.`,
  };
}

/** A gateway gave up waiting for the one behind it, which may have gone on: 504, and 520 and 524 of Cloudflare. */
const CUT_OFF: ReadonlySet<number> = new Set([504, 520, 524]);
/** Errors of the moment among the 4xx. */
const REPEATABLE: ReadonlySet<number> = new Set([408, 425, 429]);

function refusalCode(status: number, body: UpstreamAnswer | null): FailureCode {
  switch (status) {
    case 401:
    case 403:
      return 'UPSTREAM_UNAUTHORIZED';
    case 404:
    case 410:
      return 'MODEL_UNAVAILABLE';
    case 402:
      return 'INSUFFICIENT_CREDITS';
    case 406: {
      // The page says "insufficient credits", but a refused parameter or content type is answered 406 too [docs].
      const message = errorMessage(body);
      return message === null || /credit/i.test(message) ? 'INSUFFICIENT_CREDITS' : 'REJECTED';
    }
    default:
      return 'REJECTED';
  }
}

/** What status and result calls have in common; `read` takes an answer of 2xx. */
function readJob<T>(answer: HttpAnswer, read: (body: UpstreamAnswer) => T | null): T | JobEnd {
  if (answer.type !== 'answered') return { type: 'no-news', ...passing(answer.reason) };
  const body = parseAnswer(answer.body);
  const { status } = answer;
  const answeredForJob = (status >= 200 && status < 300) || status === 422;
  // A FAILED job is served as 422 on both calls [page]; a 422 without the word is an ordinary error.
  if (answeredForJob && statusWord(body) === 'FAILED') {
    const message = errorMessage(body) ?? 'The upstream reported FAILED without a reason.';
    return { type: 'failed', message, metrics: answerMetrics(body) };
  }
  if (answeredForJob && status !== 422 && body !== null) {
    const news = read(body);
    if (news !== null) return news;
  }
  // The upstream's 404 says what is wrong under `error` [page]; another one is some proxy's, and no reason to give up a
  // paid job.
  if (status === 404 && errorMessage(body) !== null) return { type: 'forgotten' };
  return { type: 'no-news', ...httpFault(answer) };
}

function unknownSubmit(reason: string): SubmitOutcome {
  return {
    type: 'unknown',
    message: `The answer to the submission was lost (${reason}). A job may exist upstream and be charged; it is not sent again.`,
  };
}

function httpFault(answer: HttpAnswer & { type: 'answered' }): PassingFault {
  return {
    reason: `HTTP ${answer.status}${answer.body === null ? ' with an unreadable body' : `: ${answer.body.slice(0, 200)}`}`,
    rateLimited: answer.status === 429,
    retryAfterMs: answer.retryAfterMs,
  };
}

function passing(reason: string): PassingFault {
  return { reason, rateLimited: false, retryAfterMs: null };
}

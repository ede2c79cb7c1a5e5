import type { VideoRequest } from '../../domain/request/video-request.ts';
import type {
  CallOptions,
  HistoryOutcome,
  HistoryQuery,
  HistoryUnusable,
  LookUpOutcome,
  ResultOutcome,
  StatusOutcome,
  SubmitOutcome,
  VideoUpstream,
} from '../video-upstream.ts';
import { readResult, readStatus } from './answers/job-answer.ts';
import { readSubmit } from './answers/submit-answer.ts';
import { summaryOfRead, summaryOfSubmit } from './call-summaries.ts';
import {
  FILE_LIFETIME_MS,
  RESULT_LIFETIME_MS,
  resultPath,
  statusPath,
  SUBMIT_PATH,
  toPayload,
} from './facts.ts';
import { HttpClient, type HttpClientOptions } from './http/http-client.ts';
import { SegmindHistory } from './segmind-history.ts';

const MAX_ANSWER_BYTES = 1024 * 1024;
/** A result may have the whole video as base64. */
const MAX_RESULT_BYTES = 64 * 1024 * 1024;

const HISTORY_IS_OFF: HistoryUnusable = { type: 'unusable', reason: 'The request history is turned off.' };

export interface SegmindUpstreamOptions extends HttpClientOptions {
  /** URL of the request history, see `historyUrl`; it gets the key too. Null turns the history off. */
  readonly historyUrl: string | null;
}

/**
 * Segmind's asynchronous (v2) API. It builds each URL from the job's id and ignores the URLs in answers, so that no answer can
 * send the key elsewhere.
 */
export class SegmindUpstream implements VideoUpstream {
  readonly lifetimes = { resultMs: RESULT_LIFETIME_MS, fileMs: FILE_LIFETIME_MS };
  readonly #http: HttpClient;
  readonly #history: SegmindHistory | null;

  /** @throws TypeError for an invalid origin or URL */
  constructor({ historyUrl, ...options }: SegmindUpstreamOptions) {
    this.#http = new HttpClient(options);
    this.#history = historyUrl === null ? null : new SegmindHistory(new URL(historyUrl), options);
  }

  get hasHistory(): boolean {
    return this.#history !== null;
  }

  async submit(request: VideoRequest, options: CallOptions): Promise<SubmitOutcome> {
    const call = {
      ...options,
      name: 'submit',
      method: 'POST',
      path: SUBMIT_PATH,
      body: JSON.stringify(toPayload(request)),
      maxBodyBytes: MAX_ANSWER_BYTES,
    } as const;
    return this.#http.call(call, readSubmit, summaryOfSubmit);
  }

  async status(upstreamId: string, options: CallOptions): Promise<StatusOutcome> {
    const call = {
      ...options,
      name: 'status',
      upstreamId,
      method: 'GET',
      path: statusPath(upstreamId),
      maxBodyBytes: MAX_ANSWER_BYTES,
    } as const;
    return this.#http.call(call, readStatus, summaryOfRead);
  }

  async result(upstreamId: string, options: CallOptions): Promise<ResultOutcome> {
    const call = {
      ...options,
      name: 'result',
      upstreamId,
      method: 'GET',
      path: resultPath(upstreamId),
      maxBodyBytes: MAX_RESULT_BYTES,
    } as const;
    return this.#http.call(call, readResult, summaryOfRead);
  }

  async findInHistory(query: HistoryQuery, options: CallOptions): Promise<HistoryOutcome> {
    return (await this.#history?.find(query, options)) ?? HISTORY_IS_OFF;
  }

  async lookUp(upstreamId: string, options: CallOptions): Promise<LookUpOutcome> {
    return (await this.#history?.lookUp(upstreamId, options)) ?? HISTORY_IS_OFF;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#http[Symbol.asyncDispose](), this.#history?.[Symbol.asyncDispose]()]);
  }
}

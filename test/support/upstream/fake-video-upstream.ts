import type { VideoRequest } from '../../../src/domain/request/video-request.ts';
import type {
  CallOptions,
  HistoryOutcome,
  HistoryQuery,
  LookUpOutcome,
  TransientError,
  ResultOutcome,
  StatusOutcome,
  SubmitOutcome,
  VideoUpstream,
} from '../../../src/providers/video-upstream.ts';

/** One call to the upstream. */
export interface UpstreamCall {
  readonly type: 'submit' | 'status' | 'result' | 'history' | 'look-up';
  /** The prompt of a submit, else the upstream's id of the job. */
  readonly subject: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly options: CallOptions;
}

/** Answers by call. By default a job is accepted as `up-<prompt>` and stays queued. */
export interface UpstreamScript {
  readonly submit?: (request: VideoRequest, options: CallOptions) => SubmitOutcome | Promise<SubmitOutcome>;
  readonly status?: (upstreamId: string, options: CallOptions) => StatusOutcome | Promise<StatusOutcome>;
  readonly result?: (upstreamId: string, options: CallOptions) => ResultOutcome | Promise<ResultOutcome>;
  /** Without these two there is no request history. */
  readonly history?: (query: HistoryQuery) => HistoryOutcome;
  readonly lookUp?: (upstreamId: string) => LookUpOutcome;
}

/** An upstream that records its calls and answers by a script, which a test may change at any time. */
export class FakeVideoUpstream implements VideoUpstream {
  readonly lifetimes = { resultMs: 3_600_000, fileMs: 7 * 86_400_000 };
  readonly calls: UpstreamCall[] = [];
  script: UpstreamScript;
  readonly #now: () => number;

  constructor(script: UpstreamScript, now: () => number) {
    this.script = script;
    this.#now = now;
  }

  /** The calls so far, by type. */
  get types(): UpstreamCall['type'][] {
    return this.calls.map((call) => call.type);
  }

  async submit(request: VideoRequest, options: CallOptions): Promise<SubmitOutcome> {
    this.#note('submit', request.prompt, options);
    return this.script.submit?.(request, options) ?? accepted(request);
  }

  async status(upstreamId: string, options: CallOptions): Promise<StatusOutcome> {
    this.#note('status', upstreamId, options);
    return this.script.status?.(upstreamId, options) ?? { type: 'queued' };
  }

  async result(upstreamId: string, options: CallOptions): Promise<ResultOutcome> {
    this.#note('result', upstreamId, options);
    return this.script.result?.(upstreamId, options) ?? VIDEO_READY;
  }

  get hasHistory(): boolean {
    return this.script.history !== undefined || this.script.lookUp !== undefined;
  }

  async findInHistory(query: HistoryQuery, options: CallOptions): Promise<HistoryOutcome> {
    this.#note('history', query.request.prompt, options);
    return this.script.history?.(query) ?? { type: 'page', entries: [], oldestAt: null, more: false };
  }

  async lookUp(upstreamId: string, options: CallOptions): Promise<LookUpOutcome> {
    this.#note('look-up', upstreamId, options);
    return this.script.lookUp?.(upstreamId) ?? { type: 'not-found' };
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #note(type: UpstreamCall['type'], subject: string, options: CallOptions): void {
    this.calls.push({ type, subject, at: this.#now(), options });
  }
}

/** The upstream accepted the job. */
export function accepted(request: VideoRequest): SubmitOutcome {
  return { type: 'accepted', upstreamId: `up-${request.prompt}` };
}

/** A finished result with a URL. */
export const VIDEO_READY: ResultOutcome = {
  type: 'ready',
  video: {
    url: 'https://files.example.com/cat.mp4',
    base64: null,
    contentType: 'video/mp4',
    byteLength: 1234,
  },
  metrics: null,
};

/** A fault that may pass. */
export function transientError(change: Partial<TransientError> = {}): TransientError {
  return {
    reason: 'HTTP 502 with an HTML page',
    apiAnswered: false,
    rateLimited: false,
    retryAfterMs: null,
    ...change,
  };
}

/** Resolves when the call is aborted; for upstreams that never answer. */
export function cut({ signal }: CallOptions): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/**
 * The port to the API that makes the videos. Each call answers with an outcome, a tagged union; none of them throws for
 * anything that the other side does or fails to do. Whatever can't be understood is no news, never a guess.
 */
import type { FailureCode } from '../domain/job/failure.ts';
import type { JobMetrics } from '../domain/job/job.ts';
import type { VideoRequest } from '../domain/request/video-request.ts';

/** How one call may be cut short. */
export interface CallOptions {
  /** Milliseconds, for the whole call, its body included. */
  readonly timeoutMs: number;
  /** Ends the call early. */
  readonly signal: AbortSignal;
}

/** A fault that may pass: no connection, 429, 5xx, or an answer that makes no sense. */
export interface TransientError {
  /** For the log, and for the job's failure if it never passes. */
  readonly reason: string;
  /**
   * True: the API itself answered, so it is up and only this call failed. False: there was no connection, no answer in
   * time, or an answer of something in front of the API (502, 503, 504 and 520 to 530 without JSON, or HTML).
   */
  readonly apiAnswered: boolean;
  /** The other side asked for fewer calls (429). */
  readonly rateLimited: boolean;
  /** How long it asked to wait, in milliseconds; null when it did not say. */
  readonly retryAfterMs: number | null;
  /** Present when no call was made since this machine lacked what it takes, such as file descriptors. */
  readonly local?: true;
}

/** What became of a submit. Only `accepted` and `unknown` may have been billed. */
export type SubmitOutcome =
  | { readonly type: 'accepted'; readonly upstreamId: string }
  /** Known to have made no job, and pointless to repeat. */
  | { readonly type: 'refused'; readonly code: FailureCode; readonly message: string }
  /** Known to have made no job, and worth repeating. */
  | ({ readonly type: 'not-created' } & TransientError)
  /** The answer was lost or unreadable: a job may exist and be charged. Never to be repeated. */
  | {
      readonly type: 'unknown';
      readonly message: string;
      /** As in `TransientError`. */
      readonly apiAnswered: boolean;
      /** An id that the answer named, which may or may not be the job's; null when there was none. */
      readonly candidateId: string | null;
    };

/** What both calls about an accepted job may tell. */
export type CommonOutcome =
  | { readonly type: 'failed'; readonly message: string; readonly metrics: JobMetrics | null }
  /** An undocumented word for a final state, such as `CANCELLED`, in capitals; to be believed once it is repeated. */
  | {
      readonly type: 'ended';
      readonly word: string;
      readonly message: string;
      readonly metrics: JobMetrics | null;
    }
  /** The API itself says that it does not know the id. */
  | { readonly type: 'not-found'; readonly reason: string }
  | ({ readonly type: 'inconclusive' } & TransientError);

/** What a status call told. */
export type StatusOutcome =
  | { readonly type: 'queued' }
  | { readonly type: 'processing' }
  | { readonly type: 'completed'; readonly metrics: JobMetrics | null }
  | CommonOutcome;

/** A finished video: either a URL or its bytes. */
export interface CollectedVideo {
  /** http or https; null when `base64` holds the video. */
  readonly url: string | null;
  /** Without a `data:` prefix. */
  readonly base64: string | null;
  readonly contentType: string;
  readonly byteLength: number | null;
}

/** What a result call told. */
export type ResultOutcome =
  | { readonly type: 'ready'; readonly video: CollectedVideo; readonly metrics: JobMetrics | null }
  /** The job is done by its answer, and there is no usable video in it; `message` holds the upstream's words on it. */
  | { readonly type: 'empty'; readonly message: string; readonly metrics: JobMetrics | null }
  | CommonOutcome;

/** A request as the upstream's history shows it. */
export interface HistoryEntry {
  readonly upstreamId: string;
  /** When it was made, in epoch milliseconds of this machine's clock as far as the difference is known; null: not told. */
  readonly createdAt: number | null;
  readonly state: 'pending' | 'completed' | 'failed';
  /** Where the video is; null when there is none. */
  readonly videoUrl: string | null;
  /** Why it failed; null when it did not, or that is not told. */
  readonly message: string | null;
  /** What was charged, in US dollars; null: not told. */
  readonly costUsd: number | null;
}

/** Which requests are looked for in the history. */
export interface HistoryQuery {
  /** Only requests with equal inputs. */
  readonly request: VideoRequest;
  /** Only requests made between these times, in epoch milliseconds. */
  readonly from: number;
  readonly to: number;
  /** From 1; newest first. */
  readonly page: number;
}

/** The history cannot be used: it is turned off, or its answer is none that can be read. Pointless to repeat. */
export interface HistoryUnusable {
  readonly type: 'unusable';
  readonly reason: string;
}

/** What one page of the history told. */
export type HistoryOutcome =
  | {
      readonly type: 'page';
      /** Those that match the query, each id once, the oldest first. */
      readonly entries: readonly HistoryEntry[];
      /** When the oldest request of the page was made, matching or not, as in `HistoryEntry`; null: the page is empty. */
      readonly oldestAt: number | null;
      /** Whether a further page can hold a match. */
      readonly more: boolean;
    }
  | HistoryUnusable
  | ({ readonly type: 'inconclusive' } & TransientError);

/** What the history knows of one id. */
export type LookUpOutcome =
  | { readonly type: 'found'; readonly entry: HistoryEntry }
  /** It is no request of this key's account. */
  | { readonly type: 'not-found' }
  | HistoryUnusable
  | ({ readonly type: 'inconclusive' } & TransientError);

/** Milliseconds from submission for which the provider keeps things. */
export interface Lifetimes {
  /** The answers to `status` and `result`. */
  readonly resultMs: number;
  /** The file behind a result's URL. */
  readonly fileMs: number;
}

/** The model API, as far as the gateway needs it. */
export interface VideoUpstream extends AsyncDisposable {
  readonly lifetimes: Lifetimes;
  /** False: there is no request history, and its calls answer `unusable` without a call. */
  readonly hasHistory: boolean;
  /** Asks for a video; made at most once for a job unless the outcome was `not-created`. */
  submit(request: VideoRequest, options: CallOptions): Promise<SubmitOutcome>;
  /** Asks how far a job is. Free of charge, and harmless to repeat. */
  status(upstreamId: string, options: CallOptions): Promise<StatusOutcome>;
  /** Fetches a completed job's video. Free of charge, and harmless to repeat. */
  result(upstreamId: string, options: CallOptions): Promise<ResultOutcome>;
  /** Reads a page of the request history. Free of charge, and harmless to repeat. */
  findInHistory(query: HistoryQuery, options: CallOptions): Promise<HistoryOutcome>;
  /** Looks one request up in the history. Free of charge, and harmless to repeat. */
  lookUp(upstreamId: string, options: CallOptions): Promise<LookUpOutcome>;
}

/**
 * An id in the form in which ids are compared. An id of 32 hex digits was seen where a UUID with dashes is documented, so
 * the history may write it in the other way.
 */
export function requestKey(upstreamId: string): string {
  return upstreamId.toLowerCase().replaceAll('-', '');
}

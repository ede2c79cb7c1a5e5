/**
 * The port to the API that makes the videos. Each call returns an outcome, a tagged union, and never throws because of the
 * upstream or the network. An answer that cannot be understood is `inconclusive`, never a guess.
 */
import type { FailureCode } from '../domain/job/failure.ts';
import type { Job, JobMetrics } from '../domain/job/job.ts';
import type { VideoRequest } from '../domain/request/video-request.ts';

/** The limits of one call. */
export interface CallOptions {
  /** Milliseconds, for the whole call including the body. */
  readonly timeoutMs: number;
  /** Ends the call early. */
  readonly signal: AbortSignal;
  /** The job that the call is made for, for its event. @default none */
  readonly job?: Job;
}

/** An error that may pass: no connection, 429, 5xx, or an answer that cannot be understood. */
export interface TransientError {
  /** For the log, and for the job's failure if the error persists. */
  readonly reason: string;
  /**
   * True: the API itself answered, so only this call failed. False: there was no connection, no answer in time, or an answer of
   * a proxy in front of the API (502, 503, 504 and 520 to 530 without JSON, or HTML).
   */
  readonly apiAnswered: boolean;
  /** The upstream answered 429. */
  readonly rateLimited: boolean;
  /** How long the upstream asked to wait, in milliseconds; null when it did not say. */
  readonly retryAfterMs: number | null;
  /** Present when no call was made because this machine lacked resources, such as file descriptors. */
  readonly local?: true;
}

/** The outcome of a submit. Only `accepted` and `unknown` may have been billed. */
export type SubmitOutcome =
  | { readonly type: 'accepted'; readonly upstreamId: string }
  /** No job was created, and a repetition would be refused too. */
  | { readonly type: 'refused'; readonly code: FailureCode; readonly message: string }
  /** No job was created, and a repetition may succeed. */
  | ({ readonly type: 'not-created' } & TransientError)
  /** The answer was lost or unreadable: a job may exist and be charged. Never repeat it. */
  | {
      readonly type: 'unknown';
      readonly message: string;
      /** See `TransientError`. */
      readonly apiAnswered: boolean;
      /** An id in the answer that may be the job's; null when there is none. */
      readonly candidateId: string | null;
    };

/** The outcomes that `status` and `result` share. */
export type CommonOutcome =
  | { readonly type: 'failed'; readonly message: string; readonly metrics: JobMetrics | null }
  /** An undocumented final status word, such as `CANCELLED`, in capitals. Accept it when it is repeated. */
  | {
      readonly type: 'ended';
      readonly word: string;
      readonly message: string;
      readonly metrics: JobMetrics | null;
    }
  /** The API itself answered that it does not know the id. */
  | { readonly type: 'not-found'; readonly reason: string }
  | ({ readonly type: 'inconclusive' } & TransientError);

/** The outcome of a status call. */
export type StatusOutcome =
  | { readonly type: 'queued' }
  | { readonly type: 'processing' }
  | { readonly type: 'completed'; readonly metrics: JobMetrics | null }
  | CommonOutcome;

/** A finished video: a URL or its bytes. */
export interface CollectedVideo {
  /** http or https; null when `base64` holds the video. */
  readonly url: string | null;
  /** Without a `data:` prefix. */
  readonly base64: string | null;
  readonly contentType: string;
  readonly byteLength: number | null;
}

/** The outcome of a result call. */
export type ResultOutcome =
  | { readonly type: 'ready'; readonly video: CollectedVideo; readonly metrics: JobMetrics | null }
  /** The answer says that the job is done, and has no usable video. */
  | { readonly type: 'empty'; readonly message: string; readonly metrics: JobMetrics | null }
  | CommonOutcome;

/** A request in the upstream's history. */
export interface HistoryEntry {
  readonly upstreamId: string;
  /** Epoch milliseconds, corrected by the known difference between the upstream's clock and ours; null: unknown. */
  readonly createdAt: number | null;
  readonly state: 'pending' | 'completed' | 'failed';
  /** Null when there is no video. */
  readonly video: CollectedVideo | null;
  /** Why it failed; null when it did not fail or the reason is unknown. */
  readonly message: string | null;
  /** The charge in US dollars; null: unknown. */
  readonly costUsd: number | null;
}

/** A search in the history. */
export interface HistoryQuery {
  /** Finds requests with equal inputs. */
  readonly request: VideoRequest;
  /** Finds requests created between these times, in epoch milliseconds. */
  readonly from: number;
  readonly to: number;
  /** From 1; the newest requests first. */
  readonly page: number;
}

/** The history is turned off, or its answer cannot be read. A repetition would not help. */
export interface HistoryUnusable {
  readonly type: 'unusable';
  readonly reason: string;
}

/** The outcome of reading one page of the history. */
export type HistoryOutcome =
  | {
      readonly type: 'page';
      /** The matches, each id once, the oldest first. */
      readonly entries: readonly HistoryEntry[];
      /** The time of the oldest request of the page, matching or not, as in `HistoryEntry`; null: the page is empty. */
      readonly oldestAt: number | null;
      /** Whether a later page may have a match. */
      readonly more: boolean;
    }
  | HistoryUnusable
  | ({ readonly type: 'inconclusive' } & TransientError);

/** The outcome of looking up one id in the history. */
export type LookUpOutcome =
  | { readonly type: 'found'; readonly entry: HistoryEntry }
  /** This key's account has no such request. */
  | { readonly type: 'not-found' }
  | HistoryUnusable
  | ({ readonly type: 'inconclusive' } & TransientError);

/** How long the provider keeps data, in milliseconds from submission. */
export interface Lifetimes {
  /** For `status` and `result`. */
  readonly resultMs: number;
  /** For the file at a result's URL. */
  readonly fileMs: number;
}

/** The model API. */
export interface VideoUpstream extends AsyncDisposable {
  readonly lifetimes: Lifetimes;
  /** False: there is no request history, and its methods return `unusable` without a call. */
  readonly hasHistory: boolean;
  /** Requests a video. Call it at most once for a job, unless the outcome was `not-created`. */
  submit(request: VideoRequest, options: CallOptions): Promise<SubmitOutcome>;
  /** Reads a job's status. Free of charge and idempotent, as are all calls below. */
  status(upstreamId: string, options: CallOptions): Promise<StatusOutcome>;
  /** Fetches a completed job's video. */
  result(upstreamId: string, options: CallOptions): Promise<ResultOutcome>;
  /** Reads a page of the request history. */
  findInHistory(query: HistoryQuery, options: CallOptions): Promise<HistoryOutcome>;
  /** Looks up one request in the history. */
  lookUp(upstreamId: string, options: CallOptions): Promise<LookUpOutcome>;
}

/**
 * Normalizes an id for comparison. Ids of 32 hex digits were seen where UUIDs with dashes are documented, so the history may
 * use the other form.
 */
export function requestKey(upstreamId: string): string {
  return upstreamId.toLowerCase().replaceAll('-', '');
}

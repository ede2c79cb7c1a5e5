/**
 * The port to whatever makes the videos. Each call answers with an outcome, a tagged union; none of them throws for
 * anything that the other side does or fails to do. Whatever can't be understood is no news, never a guess.
 */
import type { FailureCode } from '../domain/failure.ts';
import type { JobMetrics } from '../domain/job.ts';
import type { VideoRequest } from '../domain/video-request.ts';

/** How one call may be cut short. */
export interface CallOptions {
  /** Milliseconds, for the whole call, its body included. */
  readonly timeoutMs: number;
  /** Ends the call early. */
  readonly signal: AbortSignal;
}

/** A fault that may pass: no connection, 429, 5xx, or an answer that makes no sense. */
export interface PassingFault {
  /** For the log. */
  readonly reason: string;
  /** The other side asked for fewer calls (429). */
  readonly rateLimited: boolean;
  /** How long it asked to wait, in milliseconds; null when it did not say. */
  readonly retryAfterMs: number | null;
}

/** What became of a submit. Only `accepted` and `unknown` may have been billed. */
export type SubmitOutcome =
  | { readonly type: 'accepted'; readonly upstreamId: string }
  /** Known to have made no job, and pointless to repeat. */
  | { readonly type: 'refused'; readonly code: FailureCode; readonly message: string }
  /** Known to have made no job, and worth repeating. */
  | ({ readonly type: 'not-made' } & PassingFault)
  /** The answer was lost or unreadable: a job may exist and be charged. Never to be repeated. */
  | { readonly type: 'unknown'; readonly message: string };

/** What both calls about an accepted job may tell. */
export type JobEnd =
  | { readonly type: 'failed'; readonly message: string; readonly metrics: JobMetrics | null }
  /** The id is unknown or expired. */
  | { readonly type: 'forgotten' }
  | ({ readonly type: 'no-news' } & PassingFault);

/** What a status call told. */
export type StatusOutcome =
  | { readonly type: 'queued' }
  | { readonly type: 'processing' }
  | { readonly type: 'completed'; readonly metrics: JobMetrics | null }
  | JobEnd;

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
  | JobEnd;

/** The model API, as far as the gateway needs it. */
export interface VideoUpstream extends AsyncDisposable {
  /** Asks for a video; made at most once for a job unless the outcome was `not-made`. */
  submit(request: VideoRequest, options: CallOptions): Promise<SubmitOutcome>;
  /** Asks how far a job is. Free of charge, and harmless to repeat. */
  status(upstreamId: string, options: CallOptions): Promise<StatusOutcome>;
  /** Fetches a completed job's video. Free of charge, and harmless to repeat. */
  result(upstreamId: string, options: CallOptions): Promise<ResultOutcome>;
}

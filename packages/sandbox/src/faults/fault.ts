import type { Reply } from '../http/reply.ts';

/**
 * What the sandbox sends in the place of the true answer: a reply of its own, or the true one changed.
 *
 * - `truncate`: the true body cut in the middle, under its own status
 * - `patch`: the true JSON with some fields replaced (`undefined` removes one), or another status. Without `status` only a
 *   2xx answer is changed
 * - `reshape`: like `patch`, with fields that are made from the URL of the video
 * - `gzip`: the true body compressed, whatever the request accepts
 * - `video-file`: the bytes of the video
 * - `unknown-id`: the 404 of an unknown id
 * - `rate-limited`: 429 whose `x-rate-limit-reset-at-utc` is a second ahead, in this format
 */
export type ScriptedResponse =
  | Reply
  | { readonly kind: 'truncate' }
  | { readonly kind: 'patch'; readonly status?: number; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly kind: 'reshape'; readonly fields: (url: string) => Readonly<Record<string, unknown>> }
  | { readonly kind: 'gzip' }
  | { readonly kind: 'video-file' }
  | { readonly kind: 'unknown-id' }
  | { readonly kind: 'rate-limited'; readonly resetFormat: 'iso-8601' | 'epoch-seconds' };

/** One response a call, in this order. Null is the true answer, which also follows the last one. */
export type Script = readonly (ScriptedResponse | null)[];

/** How a job with a fault ends in a correct gateway. */
export type Outcome =
  | 'COMPLETED'
  | 'REJECTED'
  | 'GENERATION_FAILED'
  | 'INSUFFICIENT_CREDITS'
  | 'UPSTREAM_UNAUTHORIZED'
  | 'MODEL_UNAVAILABLE'
  | 'UPSTREAM_UNAVAILABLE'
  | 'SUBMISSION_UNKNOWN'
  | 'RESULT_EXPIRED'
  | 'TIMED_OUT';

/**
 * How the request history shows a job.
 *
 * - `hidden`: neither the list nor the call by id ever shows it
 * - `broken-by-id`: the list shows it, and the call by id answers 500
 * - `no-video`: `generation_url` is the word "None" in the place of a URL
 * - `two-rows`: the list has two rows with its id, as for a request with two outputs
 * - `teammate`: the list also has a row of a teammate with equal inputs, made a second earlier, whose id the call by id
 *   refuses with 403
 */
export type HistoryFault = 'hidden' | 'broken-by-id' | 'no-video' | 'two-rows' | 'teammate';

/** One way in which the sandbox misbehaves on request. A call that the fault does not name gets the true answer. */
export interface Fault {
  /** The prompt asks for it by `[sandbox:<name>]`, anywhere in its text. */
  readonly name: string;
  /** One line for docs/sandbox.md. */
  readonly what: string;
  readonly ends: Outcome;
  /** The POST. `first` runs once for each body sent; `always` never ends. `creates`: a job is made nevertheless. */
  readonly submit?: {
    readonly first?: Script;
    readonly always?: ScriptedResponse;
    readonly creates?: boolean;
  };
  /** The job itself: it fails with this error, takes so many times longer, or never ends. */
  readonly job?: { readonly error?: string; readonly slowdown?: number; readonly endless?: boolean };
  /** Every status and result call. */
  readonly always?: ScriptedResponse;
  /** Every status and result call from the job's end on. */
  readonly afterEnd?: ScriptedResponse;
  /** `GET …/status`, counted for each job. */
  readonly status?: Script;
  /** The result `GET`, counted for each job from its end on. */
  readonly result?: Script;
  /** Every result `GET` from the job's end on. */
  readonly resultAlways?: ScriptedResponse;
  /** @default shown as it is */
  readonly history?: HistoryFault;
}

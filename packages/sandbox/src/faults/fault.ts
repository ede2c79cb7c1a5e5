import type { Reply } from '../http/reply.ts';

/**
 * What the sandbox sends instead of the normal reply: another reply, or a changed one.
 *
 * - `truncate`: the first half of the normal body, with the normal status
 * - `patch`: the normal JSON with some fields replaced (`undefined` removes a field), or another status. Without `status` only a
 *   2xx reply changes
 * - `reshape`: like `patch`, with fields built from the URL of the video
 * - `gzip`: the normal body compressed, whatever the request accepts
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

/** One response per call, in order. Null is the normal reply, which also follows the last response. */
export type Script = readonly (ScriptedResponse | null)[];

/** How a job with a fault ends in a correct gateway: COMPLETED or the failure's code. */
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
 * - `hidden`: neither the list nor the call by id shows it
 * - `broken-by-id`: the list shows it, and the call by id answers 500
 * - `no-video`: `generation_url` is the text "None" instead of a URL
 * - `two-rows`: the list has two rows with its id, as for a request with two outputs
 * - `teammate`: the list also has a teammate's row with equal inputs, created a second earlier; the call by its id returns 403
 */
export type HistoryFault = 'hidden' | 'broken-by-id' | 'no-video' | 'two-rows' | 'teammate';

/** A fault that a prompt can request. Calls that it does not name get the normal reply. */
export interface Fault {
  /** The prompt requests the fault by `[sandbox:<name>]`, anywhere in its text. */
  readonly name: string;
  /** One line, as in docs/sandbox.md. */
  readonly description: string;
  readonly outcome: Outcome;
  /** The POST. `first` runs once per body; `always` applies to every call. `creates`: the job is created nevertheless. */
  readonly submit?: {
    readonly first?: Script;
    readonly always?: ScriptedResponse;
    readonly creates?: boolean;
  };
  /** The job itself: it fails with this error, takes `slowdown` times longer, or never ends. */
  readonly job?: { readonly error?: string; readonly slowdown?: number; readonly endless?: boolean };
  /** Every status and result call. */
  readonly always?: ScriptedResponse;
  /** Every status and result call after the job's end. */
  readonly afterEnd?: ScriptedResponse;
  /** `GET …/status`, counted per job. */
  readonly status?: Script;
  /** The result `GET`, counted per job after its end. */
  readonly result?: Script;
  /** Every result `GET` after the job's end. */
  readonly resultAlways?: ScriptedResponse;
  /** @default the normal row */
  readonly history?: HistoryFault;
}

import { page, refusal } from './reply.ts';
import type { Reply } from './reply.ts';

/**
 * What takes the place of the true answer: a reply of its own, or the true one spoilt.
 *
 * - `truncate`: its body cut in the middle, under a full 200
 * - `patch`: its JSON with some fields replaced (`undefined` takes one out), or another 2xx status
 * - `unknown-id`: the 404 of an id that nobody knows
 */
export type Play =
  | Reply
  | { readonly kind: 'truncate' }
  | { readonly kind: 'patch'; readonly status?: number; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly kind: 'unknown-id' };

/** One play a call, in this order; null is the true answer, which also comes when the list is over. */
export type Script = readonly (Play | null)[];

/** How a job with this fault ends in a gateway that does everything right. */
export type Ending =
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

/** One way in which the sandbox misbehaves on request. What a fault does not name goes its true way. */
export interface Fault {
  /** Asked for by `[sandbox:<name>]` anywhere in the prompt. */
  readonly name: string;
  /** One line for the README. */
  readonly what: string;
  readonly ends: Ending;
  /** The POST: `first` is gone through once for each body sent; `always` never ends. `creates`: a job is made nevertheless. */
  readonly submit?: { readonly first?: Script; readonly always?: Play; readonly creates?: boolean };
  /** The job itself: fails with this error, takes so many times longer, or never ends. */
  readonly job?: { readonly error?: string; readonly slowdown?: number; readonly endless?: boolean };
  /** `GET …/status`, counted for each job. */
  readonly status?: Script;
  /** The result `GET`, counted for each job from its end on. */
  readonly result?: Script;
  /** Both GETs, from the job's end on. */
  readonly afterEnd?: Play;
  /** The result `GET` for ever, from the job's end on. */
  readonly resultAlways?: Play;
}

const DESTROY: Play = { kind: 'destroy' };
const NULL_BODY: Play = {
  kind: 'bytes',
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: 'null',
};
const BAD_GATEWAY: Play = page(502, '502 Bad Gateway');
const TOO_MANY: Play = refusal(429, 'Too many requests');
const TOO_MANY_FOR_A_SECOND: Play = refusal(429, 'Too many requests', { 'retry-after': '1' });
const WARMING_UP: Play = { kind: 'patch', fields: { status: 'WARMING_UP' } };

function times(count: number, play: Play): Script {
  return Array.from({ length: count }, () => play);
}

/** Every fault that can be asked for. Those that burst end by themselves, so that a patient client gets through. */
export const FAULTS: readonly Fault[] = [
  {
    name: 'content-block',
    what: 'is accepted, then fails: the content was blocked',
    ends: 'GENERATION_FAILED',
    job: { error: 'Content moderation: the input was flagged as sensitive and was not processed' },
  },
  {
    name: 'model-error',
    what: 'is accepted, then fails: the model broke down',
    ends: 'GENERATION_FAILED',
    job: { error: 'Inference failed: CUDA out of memory' },
  },
  {
    name: 'no-credits',
    what: 'submit answers 402, as seen live',
    ends: 'INSUFFICIENT_CREDITS',
    submit: { always: refusal(402, 'Insufficient credits. You have 0.0 credits.') },
  },
  {
    name: 'no-credits-406',
    what: 'submit answers 406, as documented',
    ends: 'INSUFFICIENT_CREDITS',
    submit: { always: refusal(406, 'Insufficient credits') },
  },
  {
    name: 'refused',
    what: 'submit answers 400',
    ends: 'REJECTED',
    submit: { always: refusal(400, 'Invalid parameters: image is not accessible') },
  },
  {
    name: 'refused-406',
    what: 'submit answers 406 for a parameter, not for want of credits',
    ends: 'REJECTED',
    submit: { always: refusal(406, 'Invalid value for parameter: steps') },
  },
  {
    name: 'refused-422',
    what: 'submit answers 422 without a `status`: an ordinary refusal, not a failed job',
    ends: 'REJECTED',
    submit: { always: refusal(422, 'Unprocessable input') },
  },
  {
    name: 'unauthorized',
    what: 'submit answers 401',
    ends: 'UPSTREAM_UNAUTHORIZED',
    submit: { always: refusal(401, 'Invalid API key') },
  },
  {
    name: 'forbidden',
    what: 'submit answers 403',
    ends: 'UPSTREAM_UNAUTHORIZED',
    submit: { always: refusal(403, 'Insufficient permissions') },
  },
  {
    name: 'model-unknown',
    what: 'submit answers 404',
    ends: 'MODEL_UNAVAILABLE',
    submit: { always: refusal(404, 'Model not found') },
  },
  {
    name: 'model-retired',
    what: 'submit answers 410',
    ends: 'MODEL_UNAVAILABLE',
    submit: { always: refusal(410, 'This model has been retired') },
  },
  {
    name: 'rate-limit',
    what: 'submit answers 429 three times, without Retry-After',
    ends: 'COMPLETED',
    submit: { first: times(3, TOO_MANY) },
  },
  {
    name: 'rate-limit-retry-after',
    what: 'submit answers 429 twice, with `Retry-After: 1`',
    ends: 'COMPLETED',
    submit: { first: times(2, TOO_MANY_FOR_A_SECOND) },
  },
  {
    name: 'rate-limit-status',
    what: 'status answers 429 now and then, three times in all, once with `Retry-After: 1`',
    ends: 'COMPLETED',
    status: [TOO_MANY, null, TOO_MANY_FOR_A_SECOND, null, TOO_MANY],
  },
  {
    name: 'server-error',
    what: 'submit answers 500 three times',
    ends: 'COMPLETED',
    submit: { first: times(3, refusal(500, 'Internal server error')) },
  },
  {
    name: 'bad-gateway',
    what: 'submit answers 502 with an HTML page three times',
    ends: 'COMPLETED',
    submit: { first: times(3, BAD_GATEWAY) },
  },
  {
    name: 'unavailable',
    what: 'submit answers 503 three times',
    ends: 'COMPLETED',
    submit: { first: times(3, refusal(503, 'Service unavailable')) },
  },
  {
    name: 'down',
    what: 'submit answers 503 for ever',
    ends: 'UPSTREAM_UNAVAILABLE',
    submit: { always: refusal(503, 'Service unavailable') },
  },
  {
    name: 'gateway-timeout',
    what: 'submit answers 504, and yet the job was made',
    ends: 'SUBMISSION_UNKNOWN',
    submit: { always: page(504, '504 Gateway Time-out'), creates: true },
  },
  {
    name: 'lost-answer',
    what: 'the job is made, then the connection breaks before the answer',
    ends: 'SUBMISSION_UNKNOWN',
    submit: { always: DESTROY, creates: true },
  },
  {
    name: 'lost-request',
    what: 'the connection breaks before a job is made, which a client cannot tell from `lost-answer`',
    ends: 'SUBMISSION_UNKNOWN',
    submit: { always: DESTROY },
  },
  {
    name: 'garbled-answer',
    what: 'the job is made, but the answer to the submit is truncated JSON',
    ends: 'SUBMISSION_UNKNOWN',
    submit: { always: { kind: 'truncate' }, creates: true },
  },
  {
    name: 'no-answer',
    what: 'the job is made, but the submit is never answered (the connection is cut after two minutes)',
    ends: 'SUBMISSION_UNKNOWN',
    submit: { always: { kind: 'hang' }, creates: true },
  },
  {
    name: 'accepted-202',
    what: 'submit answers 202 instead of 200',
    ends: 'COMPLETED',
    submit: { always: { kind: 'patch', status: 202, fields: {} }, creates: true },
  },
  { name: 'slow', what: 'takes five times longer', ends: 'COMPLETED', job: { slowdown: 5 } },
  { name: 'endless', what: 'is PROCESSING for ever', ends: 'TIMED_OUT', job: { endless: true } },
  {
    name: 'expired',
    what: 'is accepted and runs, but when it is done its id is unknown (404)',
    ends: 'RESULT_EXPIRED',
    afterEnd: { kind: 'unknown-id' },
  },
  {
    name: 'result-expired',
    what: 'status says COMPLETED, but the result answers 404',
    ends: 'RESULT_EXPIRED',
    resultAlways: { kind: 'unknown-id' },
  },
  {
    name: 'status-error',
    what: 'status answers 502 with an HTML page four times in a row',
    ends: 'COMPLETED',
    status: times(4, BAD_GATEWAY),
  },
  {
    name: 'status-lost',
    what: 'status breaks the connection three times in a row',
    ends: 'COMPLETED',
    status: times(3, DESTROY),
  },
  {
    name: 'status-garbage',
    what: 'status answers 200 with HTML, `null` or truncated JSON now and then',
    ends: 'COMPLETED',
    status: [page(200, 'Just a moment'), null, NULL_BODY, null, { kind: 'truncate' }],
  },
  {
    name: 'status-word',
    what: 'status says `WARMING_UP`, a word nobody documented, three times',
    ends: 'COMPLETED',
    status: times(3, WARMING_UP),
  },
  {
    name: 'result-error',
    what: 'the result answers 502 with an HTML page three times',
    ends: 'COMPLETED',
    result: times(3, BAD_GATEWAY),
  },
  {
    name: 'result-late',
    what: 'status says COMPLETED while the result still says PROCESSING, twice',
    ends: 'COMPLETED',
    result: times(2, {
      kind: 'patch',
      fields: { status: 'PROCESSING', video: undefined, output: undefined },
    }),
  },
  {
    name: 'output-only',
    what: 'the result has `output` alone and no `video`, as seen for other models',
    ends: 'COMPLETED',
    resultAlways: { kind: 'patch', fields: { video: undefined } },
  },
];

const BY_NAME: ReadonlyMap<string, Fault> = new Map(FAULTS.map((fault) => [fault.name, fault]));

/** The fault that a prompt asks for: the first `[sandbox:<name>]` that is known, in any letter case. */
export function faultIn(prompt: string): Fault | null {
  for (const match of prompt.matchAll(/\[sandbox:([a-z0-9-]+)\]/gi)) {
    const fault = faultNamed(match[1]?.toLowerCase() ?? '');
    if (fault !== null) return fault;
  }
  return null;
}

/** The fault of this name, as kept in a job's record. */
export function faultNamed(name: string | null): Fault | null {
  return name === null ? null : (BY_NAME.get(name) ?? null);
}

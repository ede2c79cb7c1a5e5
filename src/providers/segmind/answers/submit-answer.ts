import type { FailureCode } from '../../../domain/job/failure.ts';
import type { SubmitOutcome } from '../../video-upstream.ts';
import type { HttpAnswer } from '../http/http-client.ts';
import { answerError, callError, describeAnswer, readAnswer, readId, type UpstreamAnswer } from './answer.ts';
import { isObject } from './json.ts';

/** A gateway gave up waiting for the one behind it, which may have gone on: 504, and 520 and 524 of Cloudflare. */
const CUT_OFF: ReadonlySet<number> = new Set([504, 520, 524]);
/** Errors of the moment among the 4xx. */
const REPEATABLE: ReadonlySet<number> = new Set([408, 425, 429]);
/** How many objects and lists around a `request_id` are searched. */
const ID_DEPTH = 3;

/** Reads the answer to a submit. */
export function readSubmit(http: HttpAnswer): SubmitOutcome {
  if (http.type === 'not-sent') return { type: 'not-created', ...callError(http) };
  if (http.type === 'lost') {
    return { type: 'unknown', message: lostMessage(http.reason), apiAnswered: false, candidateId: null };
  }
  const answer = readAnswer(http);
  const { status, json, isHtml, words } = answer;
  if (status >= 200 && status < 300) {
    const upstreamId = readId(isObject(json) ? json['request_id'] : null);
    if (upstreamId !== null) return { type: 'accepted', upstreamId };
    return unknown(answer, `HTTP ${status} without a readable job id`);
  }
  // An error answer with an id may be about a job that was made before the error.
  if (status < 400 || CUT_OFF.has(status) || anyId(answer) !== null || mentionsId(answer)) {
    return unknown(answer, describeAnswer(answer));
  }
  // Blocked by a CDN, so the request did not reach the API.
  const isBlocked = isHtml && (status === 403 || status === 404);
  if (isBlocked || status >= 500 || REPEATABLE.has(status)) {
    return { type: 'not-created', ...answerError(answer) };
  }
  const message = words ?? `The upstream answered HTTP ${status}.`;
  return { type: 'refused', code: refusalCode(status, words), message };
}

function unknown(answer: UpstreamAnswer, reason: string): SubmitOutcome {
  const { apiAnswered } = answerError(answer);
  return { type: 'unknown', message: lostMessage(reason), apiAnswered, candidateId: anyId(answer) };
}

function lostMessage(reason: string): string {
  return `The answer to the submission was lost (${reason}). A job may exist upstream and be charged; it is not sent again.`;
}

/** The first `request_id` in an answer; of JSON that was cut short, what was told of it. */
function anyId({ json, body }: UpstreamAnswer): string | null {
  if (json !== undefined) return findId(json, ID_DEPTH);
  return readId(/"request_id"\s*:\s*"([^"\\]+)"/.exec(body ?? '')?.[1]);
}

/** Whether an answer of the API speaks of a request that cannot be told, as in JSON that is broken or a sentence. */
function mentionsId({ body, isHtml }: UpstreamAnswer): boolean {
  return !isHtml && /\brequest[ _-]?id\b\W+\w/i.test(body ?? '');
}

function findId(value: unknown, depth: number): string | null {
  if (typeof value !== 'object' || value === null || depth === 0) return null;
  const own = isObject(value) ? readId(value['request_id']) : null;
  if (own !== null) return own;
  for (const inner of Object.values(value)) {
    const id = findId(inner, depth - 1);
    if (id !== null) return id;
  }
  return null;
}

function refusalCode(status: number, words: string | null): FailureCode {
  // 402 and 406 are documented for it [docs, page]; "No credits found" was seen with 404, others with 400 and 403.
  if (status === 402 || (MAY_MEAN_CREDITS.has(status) && /credit/i.test(words ?? ''))) {
    return 'INSUFFICIENT_CREDITS';
  }
  switch (status) {
    case 401:
    case 403:
      return 'UPSTREAM_UNAUTHORIZED';
    case 404:
    case 410:
      return 'MODEL_UNAVAILABLE';
    case 406:
      return words === null || isSpendLimit(words) ? 'INSUFFICIENT_CREDITS' : 'REJECTED';
    default:
      return 'REJECTED';
  }
}

const MAY_MEAN_CREDITS: ReadonlySet<number> = new Set([400, 403, 404, 406]);

/** 406 is also a team's spend limit, a wrong Content-Type [profile], and a refused parameter value [docs]. */
function isSpendLimit(words: string): boolean {
  if (/spend|budget|balance/i.test(words)) return true;
  return /limit/i.test(words) && !PARAMETER.test(words);
}

const PARAMETER =
  /\b(?:parameter|value|content[- ]?type|image|prompt|negative_prompt|resolution|video_length|steps|seed|base64)\b/i;

import type { FailureCode } from '../../../domain/job/failure.ts';
import type { SubmitOutcome } from '../../video-upstream.ts';
import {
  CREDITS_STATUS,
  CREDITS_WORDS,
  LIMIT_WORDS,
  MAY_MEAN_CREDITS,
  PARAMETER_WORDS,
  SPEND_LIMIT_WORDS,
} from '../facts.ts';
import type { HttpAnswer } from '../http/http-client.ts';
import {
  answerError,
  callError,
  describeAnswer,
  isSuccess,
  readAnswer,
  readId,
  TRANSIENT_4XX,
  type UpstreamAnswer,
} from './answer.ts';
import { isObject } from './json.ts';

/** A proxy stopped waiting, and the server behind it may have gone on: 504, and 520 and 524 of Cloudflare. */
const PROXY_TIMEOUTS: ReadonlySet<number> = new Set([504, 520, 524]);
/** How many levels of an answer are searched for a `request_id`. */
const ID_DEPTH = 3;

/** Reads the answer to a submit. */
export function readSubmit(http: HttpAnswer): SubmitOutcome {
  if (http.type === 'not-sent') return { type: 'not-created', ...callError(http) };
  if (http.type === 'lost') {
    return { type: 'unknown', message: lostMessage(http.reason), apiAnswered: false, candidateId: null };
  }
  const answer = readAnswer(http);
  const { status, json, isHtml, errorText } = answer;
  if (isSuccess(answer)) {
    const upstreamId = readId(isObject(json) ? json['request_id'] : null);
    if (upstreamId !== null) return { type: 'accepted', upstreamId };
    return unknown(answer, `HTTP ${status} without a readable job id`);
  }
  // An error answer with an id may be about a job that was created before the error.
  if (status < 400 || PROXY_TIMEOUTS.has(status) || anyId(answer) !== null || mentionsId(answer)) {
    return unknown(answer, describeAnswer(answer));
  }
  // A CDN blocked the request, so it did not reach the API.
  const isBlocked = isHtml && (status === 403 || status === 404);
  if (isBlocked || status >= 500 || TRANSIENT_4XX.has(status)) {
    return { type: 'not-created', ...answerError(answer) };
  }
  const message = errorText ?? `The upstream answered HTTP ${status}.`;
  return { type: 'refused', code: refusalCode(status, errorText), message };
}

function unknown(answer: UpstreamAnswer, reason: string): SubmitOutcome {
  const { apiAnswered } = answerError(answer);
  return { type: 'unknown', message: lostMessage(reason), apiAnswered, candidateId: anyId(answer) };
}

function lostMessage(reason: string): string {
  return `The answer to the submission was lost (${reason}). A job may exist upstream, so it is not sent again.`;
}

/** The first `request_id` in an answer, also in truncated JSON. */
function anyId({ json, body }: UpstreamAnswer): string | null {
  if (json !== undefined) return findId(json, ID_DEPTH);
  return readId(/"request_id"\s*:\s*"([^"\\]+)"/.exec(body ?? '')?.[1]);
}

/** Whether an answer of the API mentions a request whose id cannot be read, as in broken JSON or in a sentence. */
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

function refusalCode(status: number, errorText: string | null): FailureCode {
  const namesCredits = MAY_MEAN_CREDITS.has(status) && CREDITS_WORDS.test(errorText ?? '');
  if (status === CREDITS_STATUS || namesCredits) return 'INSUFFICIENT_CREDITS';
  switch (status) {
    case 401:
    case 403:
      return 'UPSTREAM_UNAUTHORIZED';
    case 404:
    case 410:
      return 'MODEL_UNAVAILABLE';
    case 406:
      return errorText === null || isSpendLimit(errorText) ? 'INSUFFICIENT_CREDITS' : 'REJECTED';
    default:
      return 'REJECTED';
  }
}

function isSpendLimit(errorText: string): boolean {
  return (
    SPEND_LIMIT_WORDS.test(errorText) || (LIMIT_WORDS.test(errorText) && !PARAMETER_WORDS.test(errorText))
  );
}

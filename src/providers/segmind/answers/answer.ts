import type { JobMetrics } from '../../../domain/job/job.ts';
import type { TransientError } from '../../video-upstream.ts';
import type { HttpAnswer } from '../http/http-client.ts';
import { isObject, parseJson, readNumber, readText, stringify } from './json.ts';

type Answered = HttpAnswer & { readonly type: 'answered' };

/** An answer of the upstream, or of a proxy in front of it, with its body parsed as far as possible. */
export interface UpstreamAnswer extends Omit<Answered, 'type'> {
  /** The parsed body; undefined when it is not JSON. */
  readonly json: unknown;
  /** True: an HTML page. The API itself sends one with 405 only [docs]. */
  readonly isHtml: boolean;
  /** The error message in the body, at most 500 characters; null when there is none. */
  readonly errorText: string | null;
}

const MAX_MESSAGE = 500;
const MAX_ID = 200;
const MAX_EXCERPT = 200;

/** Reads the body of an answer. */
export function readAnswer(answer: Answered): UpstreamAnswer {
  const { body, mediaType } = answer;
  const json = body === null ? undefined : parseJson(body);
  const isHtml = json === undefined && isHtmlPage(mediaType, body ?? '');
  const errorText =
    json !== undefined ? errorMessage(json) : isHtml ? null : plainText(mediaType, body ?? '');
  return { ...answer, json, isHtml, errorText };
}

export function isSuccess({ status }: Pick<Answered, 'status'>): boolean {
  return status >= 200 && status < 300;
}

/**
 * The upstream's own error message, at most 500 characters; null when there is none. These shapes were seen: `{"error"}`
 * [page], `{"message"}`, `{"detail": "…"}`, `{"detail": [{"loc": […], "msg": "…"}]}`,
 * `{"error", "error_description", "status_code"}`. When one answer has several, all are joined.
 *
 * @param answer parsed JSON
 */
export function errorMessage(answer: unknown): string | null {
  if (typeof answer === 'string') return shorten(answer);
  if (!isObject(answer)) return null;
  const { error, error_description: description, message, detail } = answer;
  const texts = [error, description, message, detail].map(readError).filter((text) => text !== '');
  return shorten([...new Set(texts)].join(': '));
}

function readError(value: unknown): string {
  if (typeof value === 'string') return value.trim();
  // `"error": true` and `"error": null` have no text.
  if (typeof value !== 'object' || value === null) return typeof value === 'number' ? String(value) : '';
  const isIssueList = Array.isArray(value) && value.length > 0 && value.every(isIssue);
  return isIssueList ? value.map(readIssue).join('; ') : stringify(value);
}

/** One issue of FastAPI's validation. */
interface Issue {
  readonly loc?: unknown;
  readonly msg: string;
}

function isIssue(value: unknown): value is Issue {
  return isObject(value) && typeof value['msg'] === 'string';
}

function readIssue({ loc, msg }: Issue): string {
  return Array.isArray(loc) && loc.length > 0 ? `${loc.map(String).join('.')}: ${msg}` : msg;
}

function shorten(text: string): string | null {
  return text.trim().slice(0, MAX_MESSAGE).toWellFormed() || null;
}

function isHtmlPage(mediaType: string, body: string): boolean {
  return (
    /^(?:text\/html|application\/xhtml\+xml)$/.test(mediaType) ||
    /^\s*<(?:!doctype\s+html|html)\b/i.test(body)
  );
}

function plainText(mediaType: string, body: string): string | null {
  const isPlain = mediaType === 'text/plain' || (mediaType === '' && !/^\s*[<{[]/.test(body));
  return isPlain ? shorten(body) : null;
}

/** Statuses below 500 that ask the client to try again. */
export const TRANSIENT_4XX: ReadonlySet<number> = new Set([408, 425, 429]);

/** Statuses of a proxy or CDN that does not reach the API: 502 to 504, and 520 to 530 of Cloudflare. */
export function isProxyError(status: number): boolean {
  return (status >= 502 && status <= 504) || (status >= 520 && status <= 530);
}

/** The error of an answer that says nothing about the job. */
export function answerError(answer: UpstreamAnswer): TransientError {
  return {
    reason: describeAnswer(answer),
    apiAnswered: isFromApi(answer),
    rateLimited: answer.status === 429,
    retryAfterMs: answer.retryAfterMs,
  };
}

/** See `TransientError.apiAnswered`. */
function isFromApi({ json, isHtml, status, mediaType, bytes }: UpstreamAnswer): boolean {
  if (json !== undefined) return true;
  if (isHtml) return false;
  // Truncated JSON.
  if (/^application\/(?:[\w.+-]+\+)?json$/.test(mediaType) && bytes?.length !== 0) return true;
  return !isProxyError(status);
}

/** The error of a call without an answer. */
export function callError(call: Exclude<HttpAnswer, Answered>): TransientError {
  const error = { reason: call.reason, apiAnswered: false, rateLimited: false, retryAfterMs: null };
  return call.type === 'not-sent' && call.local ? { ...error, local: true } : error;
}

/** The status and the error message, for people. */
export function describeAnswer({ status, isHtml, body, errorText, mediaType }: UpstreamAnswer): string {
  if (isHtml) return `HTTP ${status} with an HTML page`;
  if (body === null) return `HTTP ${status} with an unreadable body`;
  if (errorText !== null) return `HTTP ${status}: ${errorText}`;
  if (body.trim() === '') return `HTTP ${status} with an empty body`;
  if (!/^$|^text\/|json$|xml$/.test(mediaType)) return `HTTP ${status} with a body of type ${mediaType}`;
  return `HTTP ${status}: ${body.slice(0, MAX_EXCERPT).toWellFormed()}`;
}

/** The id of a job; null for a value that cannot be a path segment. Ids are opaque [docs]. */
export function readId(value: unknown): string | null {
  const id = readText(value)?.trim() ?? '';
  if (id === '' || id === '.' || id === '..' || id.length > MAX_ID) return null;
  return id.isWellFormed() ? id : null;
}

/** Seconds and US dollars [docs]; null when the answer has none. */
export function answerMetrics(answer: unknown): JobMetrics | null {
  const metrics = isObject(answer) ? answer['metrics'] : null;
  if (!isObject(metrics)) return null;
  const found = {
    queueSeconds: readNumber(metrics['queue_time']),
    inferenceSeconds: readNumber(metrics['inference_time']),
    costUsd: readNumber(metrics['cost']),
  };
  return Object.values(found).some((value) => value !== null) ? found : null;
}

import type { JobMetrics } from '../../../domain/job/job.ts';
import type { TransientError } from '../../video-upstream.ts';
import type { HttpAnswer } from '../http/http-client.ts';
import { errorMessage, shorten } from './error-text.ts';
import { isObject, parseJson, readNumber, readText } from './json.ts';

type Answered = HttpAnswer & { readonly type: 'answered' };

/** An answer of the upstream, or of something in front of it, with its body read as far as it can be. */
export interface UpstreamAnswer extends Omit<Answered, 'type'> {
  /** The parsed body; undefined when it is not JSON. */
  readonly json: unknown;
  /** True: a page for people, which the API itself sends with 405 only [docs]. */
  readonly isHtml: boolean;
  /** The error that the body tells, at most 500 characters; null when it tells none. */
  readonly words: string | null;
}

const MAX_ID = 200;
const MAX_EXCERPT = 200;

/** Reads the body of an answer. */
export function readAnswer(answer: Answered): UpstreamAnswer {
  const { body, mediaType } = answer;
  const json = body === null ? undefined : parseJson(body);
  const isHtml = json === undefined && isHtmlPage(mediaType, body ?? '');
  const words = json !== undefined ? errorMessage(json) : isHtml ? null : plainText(mediaType, body ?? '');
  return { ...answer, json, isHtml, words };
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

/** Whether the API itself answered, as `TransientError.alive` defines it. */
function isAlive({ json, isHtml, status, mediaType, bytes }: UpstreamAnswer): boolean {
  if (json !== undefined) return true;
  if (isHtml) return false;
  // JSON that was cut short on its way.
  if (isJsonType(mediaType) && bytes?.length !== 0) return true;
  return !isFromInFront(status);
}

function isJsonType(mediaType: string): boolean {
  return /^application\/(?:[\w.+-]+\+)?json$/.test(mediaType);
}

/** Statuses of a proxy or CDN that does not reach the API: 502 to 504, and 520 to 530 of Cloudflare. */
export function isFromInFront(status: number): boolean {
  return (status >= 502 && status <= 504) || (status >= 520 && status <= 530);
}

/** The fault of an answer that tells nothing of the job. */
export function answerError(answer: UpstreamAnswer): TransientError {
  return {
    reason: describeAnswer(answer),
    apiAnswered: isAlive(answer),
    rateLimited: answer.status === 429,
    retryAfterMs: answer.retryAfterMs,
  };
}

/** The fault of a call that got no answer. */
export function callError(call: Exclude<HttpAnswer, Answered>): TransientError {
  const fault = { reason: call.reason, apiAnswered: false, rateLimited: false, retryAfterMs: null };
  return call.type === 'not-sent' && call.local ? { ...fault, local: true } : fault;
}

/** The status and the upstream's words, for people. */
export function describeAnswer({ status, isHtml, body, words, mediaType }: UpstreamAnswer): string {
  if (isHtml) return `HTTP ${status} with an HTML page`;
  if (body === null) return `HTTP ${status} with an unreadable body`;
  if (words !== null) return `HTTP ${status}: ${words}`;
  if (body.trim() === '') return `HTTP ${status} with an empty body`;
  if (!/^$|^text\/|json$|xml$/.test(mediaType)) return `HTTP ${status} with a body of type ${mediaType}`;
  return `HTTP ${status}: ${body.slice(0, MAX_EXCERPT).toWellFormed()}`;
}

/** The id of a job, or null when there is none that could stand in a path. It is opaque [docs]. */
export function readId(value: unknown): string | null {
  const id = readText(value)?.trim() ?? '';
  if (id === '' || id === '.' || id === '..' || id.length > MAX_ID) return null;
  return id.isWellFormed() ? id : null;
}

/** Seconds and USD [docs]; null when the answer tells none. */
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

import type { CommonOutcome, ResultOutcome, StatusOutcome } from '../../video-upstream.ts';
import { DOCUMENTED_STATUS, ENDED_OR_ENVELOPE, ENDED_STATUS, type Stage, STATUS_SYNONYMS } from '../facts.ts';
import type { HttpAnswer } from '../http/http-client.ts';
import {
  answerError,
  answerMetrics,
  callError,
  isSuccess,
  readAnswer,
  type UpstreamAnswer,
} from './answer.ts';
import { isObject, readText } from './json.ts';
import { findVideo, findVideoWords, readRawVideo } from './video.ts';

/** An answer about a job, with its status word. */
interface JobAnswer extends UpstreamAnswer {
  readonly word: string | null;
  /** Null when there is no word. */
  readonly stage: Stage | null;
}

/** Reads the answer to a status call. */
export function readStatus(http: HttpAnswer): StatusOutcome {
  if (http.type !== 'answered') return { type: 'inconclusive', ...callError(http) };
  const answer = readJobAnswer(http);
  switch (answer.stage) {
    case 'queued':
    case 'processing':
      return { type: answer.stage };
    case 'completed':
      return { type: 'completed', metrics: answerMetrics(answer.json) };
    case 'failed':
    case 'ended':
    case 'other':
    case null:
      return readCommon(answer);
  }
}

/** Reads the answer to a result call. */
export function readResult(http: HttpAnswer): ResultOutcome {
  if (http.type !== 'answered') return { type: 'inconclusive', ...callError(http) };
  const answer = readJobAnswer(http);
  const { json, stage, status, bytes, mediaType } = answer;
  const metrics = answerMetrics(json);
  // A video may come without a status word.
  const isResult = stage === 'completed' || (stage === null && isSuccess(answer));
  if (isResult && json !== undefined) {
    const video = findVideo(json);
    if (video !== null) return { type: 'ready', video, metrics };
    // 202 means that the result is not ready yet.
    if (stage === 'completed' || status !== 202)
      return { type: 'empty', message: emptyMessage(answer), metrics };
  }
  if (isResult && bytes !== null && json === undefined) {
    const video = readRawVideo(bytes, mediaType);
    if (video !== null) return { type: 'ready', video, metrics: null };
  }
  return readCommon(answer);
}

function readJobAnswer(http: HttpAnswer & { readonly type: 'answered' }): JobAnswer {
  const answer = readAnswer(http);
  const word = statusWord(answer.json);
  return { ...answer, word, stage: word === null ? null : stageOf(word, http.status) };
}

/** The outcomes that both calls share. */
function readCommon(answer: JobAnswer): CommonOutcome {
  const { json, stage, word, errorText, status, isHtml } = answer;
  if (word !== null && (stage === 'failed' || stage === 'ended')) {
    const message = errorText ?? `The upstream reported ${word} without a reason.`;
    const metrics = answerMetrics(json);
    return stage === 'failed'
      ? { type: 'failed', message, metrics }
      : { type: 'ended', word, message, metrics };
  }
  // The API's own 404 has a message [page]. One without a message, or in HTML, comes from a proxy.
  if ((status === 404 || status === 410) && errorText !== null && !isHtml) {
    return { type: 'not-found', reason: answerError(answer).reason };
  }
  return { type: 'inconclusive', ...answerError(answer) };
}

function emptyMessage({ json, errorText }: JobAnswer): string {
  if (errorText !== null) return errorText;
  const instead = isObject(json) ? findVideoWords(json) : null;
  const detail = instead === null ? '' : `; it has ${JSON.stringify(instead)} instead`;
  return `The upstream's result has no usable video${detail}.`;
}

/** The status word in capitals, with underscores for blanks and hyphens; null when there is none. */
function statusWord(answer: unknown): string | null {
  return normalizeWord(isObject(answer) ? answer['status'] : null);
}

/** @param word any JSON */
export function normalizeWord(word: unknown): string | null {
  const text = readText(word) ?? '';
  return (
    text
      .trim()
      .toUpperCase()
      .replaceAll(/[\s-]+/g, '_') || null
  );
}

/**
 * The meaning of a word in an answer with this HTTP status. COMPLETED and FAILED count with any HTTP status: a FAILED job is
 * served as 422 [page], and the SDK reads the word only [SDK]. An undocumented word counts only when the answer is certainly
 * about the job: a 404 or 410 is about the id.
 */
export function stageOf(word: string, httpStatus: number): Stage {
  const is2xx = httpStatus >= 200 && httpStatus < 300;
  const documented = DOCUMENTED_STATUS.get(word);
  if (documented === 'completed' || documented === 'failed') return documented;
  if (ENDED_STATUS.has(word) && httpStatus !== 404 && httpStatus !== 410) return 'ended';
  if (ENDED_OR_ENVELOPE.has(word) && (is2xx || httpStatus === 422)) return 'ended';
  return is2xx ? (documented ?? STATUS_SYNONYMS.get(word) ?? 'other') : 'other';
}

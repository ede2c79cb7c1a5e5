import type { CommonOutcome, ResultOutcome, StatusOutcome } from '../../video-upstream.ts';
import type { HttpAnswer } from '../http/http-client.ts';
import {
  answerError,
  answerMetrics,
  callError,
  isSuccess,
  readAnswer,
  type UpstreamAnswer,
} from './answer.ts';
import type { Stage } from '../facts.ts';
import { isObject } from './json.ts';
import { stageOf, statusWord } from './status-word.ts';
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
  const { json, stage, word, words, status, isHtml } = answer;
  if (word !== null && (stage === 'failed' || stage === 'ended')) {
    const message = words ?? `The upstream reported ${word} without a reason.`;
    const metrics = answerMetrics(json);
    return stage === 'failed'
      ? { type: 'failed', message, metrics }
      : { type: 'ended', word, message, metrics };
  }
  // The API's own 404 has a message [page]. One without a message, or in HTML, comes from a proxy.
  if ((status === 404 || status === 410) && words !== null && !isHtml) {
    return { type: 'not-found', reason: answerError(answer).reason };
  }
  return { type: 'inconclusive', ...answerError(answer) };
}

function emptyMessage({ json, words }: JobAnswer): string {
  if (words !== null) return words;
  const instead = isObject(json) ? findVideoWords(json) : null;
  const detail = instead === null ? '' : `; it has ${JSON.stringify(instead)} instead`;
  return `The upstream's result has no usable video${detail}.`;
}

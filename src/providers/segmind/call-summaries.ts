import type {
  HistoryOutcome,
  LookUpOutcome,
  ResultOutcome,
  StatusOutcome,
  SubmitOutcome,
  TransientError,
} from '../video-upstream.ts';
import { isSuccess } from './answers/answer.ts';
import type { CallSummary, HttpAnswer } from './http/http-client.ts';

const ANSWERED: CallSummary = { outcome: 'answered', reason: null };

export function summaryOfSubmit(submitted: SubmitOutcome): CallSummary {
  switch (submitted.type) {
    case 'accepted':
      return { ...ANSWERED, upstreamId: submitted.upstreamId };
    case 'refused':
      return { outcome: 'refused', reason: submitted.message };
    case 'not-created':
      return summaryOfError(submitted);
    case 'unknown':
      return { outcome: 'lost', reason: submitted.message, upstreamId: submitted.candidateId };
  }
}

/** The summary of each call but a submit. */
export function summaryOfRead(
  read: StatusOutcome | ResultOutcome | HistoryOutcome | LookUpOutcome,
): CallSummary {
  switch (read.type) {
    case 'inconclusive':
      return summaryOfError(read);
    case 'unusable':
      return { outcome: 'error', reason: read.reason };
    case 'empty':
      return { outcome: 'error', reason: read.message };
    case 'queued':
    case 'processing':
    case 'completed':
    case 'failed':
    case 'ended':
    case 'not-found':
    case 'ready':
    case 'page':
    case 'found':
      return ANSWERED;
  }
}

/**
 * The summary by the HTTP status alone.
 *
 * @param reason why there is no result; null: there is one
 */
export function summaryOfAnswer(answer: HttpAnswer, reason: string | null): CallSummary {
  if (reason === null) return ANSWERED;
  if (answer.type !== 'answered') return { outcome: 'unreachable', reason };
  if (answer.status === 429) return { outcome: 'rate-limited', reason };
  return { outcome: answer.status >= 500 || isSuccess(answer) ? 'error' : 'refused', reason };
}

function summaryOfError({ rateLimited, apiAnswered, reason }: TransientError): CallSummary {
  const outcome = rateLimited ? 'rate-limited' : apiAnswered ? 'error' : 'unreachable';
  return { outcome, reason };
}

import { DOCUMENTED_STATUS, ENDED_OR_ENVELOPE, ENDED_STATUS, type Stage, STATUS_SYNONYMS } from '../facts.ts';
import { isObject, readText } from './json.ts';

/** The status word in capitals, with underscores for blanks and hyphens; null when there is none. */
export function statusWord(answer: unknown): string | null {
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
  const isSuccess = httpStatus >= 200 && httpStatus < 300;
  const documented = DOCUMENTED_STATUS.get(word);
  if (documented === 'completed' || documented === 'failed') return documented;
  if (ENDED_STATUS.has(word) && httpStatus !== 404 && httpStatus !== 410) return 'ended';
  if (ENDED_OR_ENVELOPE.has(word) && (isSuccess || httpStatus === 422)) return 'ended';
  return isSuccess ? (documented ?? STATUS_SYNONYMS.get(word) ?? 'other') : 'other';
}

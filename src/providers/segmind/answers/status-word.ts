import { isObject, readText } from './json.ts';

/** What a status word means for the job; `other` is a word that is not known to be final. */
export type Stage = 'queued' | 'processing' | 'completed' | 'failed' | 'ended' | 'other';

/** QUEUED, PROCESSING, COMPLETED and FAILED are documented [docs]; the others are read liberally. */
const DOCUMENTED: ReadonlyMap<string, Stage> = new Map([
  ['QUEUED', 'queued'],
  ['PROCESSING', 'processing'],
  ['COMPLETED', 'completed'],
  ['FAILED', 'failed'],
]);

const SYNONYMS: ReadonlyMap<string, Stage> = new Map([
  ['PENDING', 'queued'],
  ['IN_QUEUE', 'queued'],
  ['STARTING', 'queued'],
  ['RUNNING', 'processing'],
  ['IN_PROGRESS', 'processing'],
  ['SUCCESS', 'completed'],
  ['SUCCEEDED', 'completed'],
  ['COMPLETE', 'completed'],
  ['DONE', 'completed'],
  ['FINISHED', 'completed'],
]);

/** Undocumented final words that only a job can have. */
const ENDED: ReadonlySet<string> = new Set([
  'CANCELLED',
  'CANCELED',
  'ABORTED',
  'TERMINATED',
  'KILLED',
  'STOPPED',
  'TIMED_OUT',
]);

/** Undocumented final words that are also written in error envelopes, such as `{"status": "error"}`. */
const ENDED_OR_ENVELOPE: ReadonlySet<string> = new Set([
  'ERROR',
  'ERRORED',
  'FAIL',
  'FAILURE',
  'TIMEOUT',
  'EXPIRED',
  'REJECTED',
  'DELETED',
  'BLOCKED',
]);

/** The status word in capitals, with underscores for blanks and hyphens; null when there is none. */
export function statusWord(answer: unknown): string | null {
  return normalizeWord(isObject(answer) ? answer['status'] : null);
}

/** @param word any JSON */
export function normalizeWord(word: unknown): string | null {
  const text =
    readText(word)
      ?.trim()
      .toUpperCase()
      .replaceAll(/[\s-]+/g, '_') ?? '';
  return text === '' ? null : text;
}

/**
 * What a word means in an answer with this HTTP status. COMPLETED and FAILED count under any: a FAILED job is served as
 * 422 [page], and the SDK heeds the word alone [SDK]. The undocumented words count where the answer is about the job
 * for certain; a 404 or 410 is about the id.
 */
export function stageOf(word: string, status: number): Stage {
  const isSuccess = status >= 200 && status < 300;
  const documented = DOCUMENTED.get(word);
  if (documented === 'completed' || documented === 'failed') return documented;
  if (ENDED.has(word) && status !== 404 && status !== 410) return 'ended';
  if (ENDED_OR_ENVELOPE.has(word) && (isSuccess || status === 422)) return 'ended';
  return isSuccess ? (documented ?? SYNONYMS.get(word) ?? 'other') : 'other';
}

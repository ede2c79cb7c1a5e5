import { isObject, stringify } from './json.ts';

const MAX_LENGTH = 500;

/**
 * The upstream's own words on what went wrong, at most 500 characters; null when it said nothing. These shapes were
 * seen: `{"error"}` [page], `{"message"}`, `{"detail": "…"}`, `{"detail": [{"loc": […], "msg": "…"}]}`,
 * `{"error", "error_description", "status_code"}`. Where one answer has several, all are given.
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

/** At most 500 characters of a text, trimmed; null when it is blank. */
export function shorten(text: string): string | null {
  const trimmed = text.trim();
  return trimmed === '' ? null : trimmed.slice(0, MAX_LENGTH).toWellFormed();
}

function readError(value: unknown): string {
  if (typeof value === 'string') return value.trim();
  // `"error": true` and `"error": null` say nothing.
  if (typeof value !== 'object' || value === null) return typeof value === 'number' ? String(value) : '';
  if (Array.isArray(value) && value.length > 0 && value.every(isIssue)) {
    return value.map(readIssue).join('; ');
  }
  return stringify(value);
}

interface Issue {
  readonly loc?: unknown;
  readonly msg: string;
}

/** One finding of FastAPI's validation. */
function isIssue(value: unknown): value is Issue {
  return isObject(value) && typeof value['msg'] === 'string';
}

function readIssue({ loc, msg }: Issue): string {
  return Array.isArray(loc) && loc.length > 0 ? `${loc.map(String).join('.')}: ${msg}` : msg;
}

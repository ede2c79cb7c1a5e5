import { ReelgateError } from '@reelgate/client';
import type { Draft } from '../drafts/draft.ts';
import type { SendState } from './send-state.ts';

type Issue = ReelgateError['issues'][number];

/** What happens to a request whose answer did not arrive. */
export const NOT_TWICE =
  'If the gateway has received the request already, the video appears in the list; the same request makes no second one.';

/** The codes of limits that the gateway checks after the idempotency key. */
const LIMIT = /(?:CAPACITY_EXCEEDED|DAILY_LIMIT_REACHED)$/;

/**
 * Whether the gateway answered that no attempt of the request made a job. Errors such as RATE_LIMITED do not say that: an earlier attempt
 * may have been accepted, and its answer lost.
 */
export function isRefusal(error: unknown): boolean {
  return error instanceof ReelgateError && (error.issues.length > 0 || LIMIT.test(error.code));
}

/** Fields were refused, by the page or by the gateway. @param others texts of issues without a field in the form */
export function invalid(
  issues: ReadonlyMap<string, string>,
  { settings }: Draft,
  others: readonly string[] = [],
): SendState {
  return { type: 'invalid', message: ['Correct the marked fields.', ...others].join(' '), issues, settings };
}

function textOf({ path, message }: Issue): string {
  // The form has no key that the user could change: another request has another one.
  if (path[0] === 'idempotencyKey')
    return 'The video of this request was deleted. Change the prompt or the seed to make another one.';
  return `${path.join('.')} ${message}.`;
}

/** What the form shows of an error. @param isField whether the form has a field of this name, which is marked */
export function failed(
  error: unknown,
  draft: Draft,
  isField = (name: string): boolean => name === 'image' || name in draft.settings,
): SendState {
  if (!(error instanceof ReelgateError)) {
    const reason = error instanceof Error ? error.message : String(error);
    return {
      type: 'refused',
      ids: [],
      message: `The page failed: ${reason.replace(/\.$/, '')}. ${NOT_TWICE}`,
    };
  }
  const { issues, message, retryAfterSeconds } = error;
  if (issues.length > 0) {
    const marked = issues.filter(({ path }) => isField(path[0] ?? ''));
    const others = issues.filter((issue) => !marked.includes(issue)).map(textOf);
    if (marked.length === 0) return { type: 'refused', ids: [], message: others.join(' ') };
    const byField = new Map(marked.map(({ path, message: issue }) => [path[0] ?? '', `It ${issue}.`]));
    return invalid(byField, draft, others);
  }
  return {
    type: 'refused',
    ids: [],
    message: retryAfterSeconds === null ? message : `${message} (In ${retryAfterSeconds} s.)`,
  };
}

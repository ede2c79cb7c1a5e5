import type { DraftSettings } from '../drafts/draft.ts';

/** What happened to a draft since its button was pressed. */
export type SendState =
  /** The image's URL is tried. */
  | { readonly type: 'checking' }
  /** `share`: from 0 to 1. */
  | { readonly type: 'uploading'; readonly share: number }
  | { readonly type: 'sending' }
  /** `isRepeated`: it had been accepted before. */
  | { readonly type: 'accepted'; readonly ids: readonly string[]; readonly isRepeated: boolean }
  | Invalid
  /** No image loads from the URL. The user may send it nevertheless. */
  | { readonly type: 'unloadable' }
  /** `ids`: the jobs of the variations that were accepted nevertheless. */
  | { readonly type: 'refused'; readonly message: string; readonly ids: readonly string[] }
  | { readonly type: 'canceled'; readonly message: string };

interface Invalid {
  readonly type: 'invalid';
  readonly message: string;
  /** Error messages by field name. */
  readonly issues: ReadonlyMap<string, string>;
  /** What was refused. */
  readonly settings: DraftSettings;
}

/** The error messages of the fields that the user has not changed since. */
export function presentIssues(state: SendState | null, settings: DraftSettings): Invalid['issues'] {
  if (state?.type !== 'invalid') return NO_ISSUES;
  const { settings: refused } = state;
  return new Map(
    [...state.issues].filter(([name]) => Reflect.get(refused, name) === Reflect.get(settings, name)),
  );
}

export const NO_ISSUES: Invalid['issues'] = new Map();

/** Whether a draft is being sent. */
export function isSending(state: SendState | null): boolean {
  return state?.type === 'checking' || state?.type === 'uploading' || state?.type === 'sending';
}

/** A message for the user; null while it is sent. */
export function messageOf(state: SendState): string | null {
  switch (state.type) {
    case 'checking':
    case 'uploading':
    case 'sending':
      return null;
    case 'accepted':
      return acceptedText('is on its way', 'are on their way', state);
    case 'unloadable':
      return 'No image loads from this URL in your browser. The model may not be able to load it either.';
    case 'invalid':
    case 'refused':
    case 'canceled':
      return state.message;
  }
}

interface Accepted {
  readonly ids: readonly string[];
  readonly isRepeated: boolean;
}

/** A sentence about the accepted jobs, from its end for one and for several. */
export function acceptedText(one: string, several: string, { ids, isRepeated }: Accepted): string {
  if (ids.length === 1) return isRepeated ? `This video ${one} already.` : `Your video ${one}.`;
  return isRepeated
    ? `These ${ids.length} videos ${several} already.`
    : `Your ${ids.length} videos ${several}.`;
}

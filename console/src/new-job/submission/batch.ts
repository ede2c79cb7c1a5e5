import { acceptedText, type SendState } from './send-state.ts';

/** What became of several drafts that were sent together. */
export interface Batch {
  /** How many drafts. */
  readonly count: number;
  /** The ids of the jobs of all accepted drafts. */
  readonly ids: readonly string[];
  /** How many drafts were not accepted, or not all of their videos. */
  readonly failed: number;
  /** The id of the first of those; null: none. */
  readonly firstFailed: string | null;
}

/** @param outcomes by the ids of the drafts */
export function batchOf(outcomes: ReadonlyMap<string, SendState>): Batch {
  const failed = [...outcomes].filter(([, { type }]) => type !== 'accepted');
  const ids = [...outcomes.values()].flatMap((state) => ('ids' in state ? state.ids : []));
  return { count: outcomes.size, ids, failed: failed.length, firstFailed: failed[0]?.[0] ?? null };
}

/** A message for the user. */
export function batchText(batch: Batch): string {
  const { ids } = batch;
  const sent = acceptedText('is on its way', 'are on their way', { ids, isRepeated: false });
  return [...(ids.length === 0 ? [] : [sent]), failedText(batch)].join(' ').trim();
}

/** A sentence about the drafts that were not accepted as a whole; empty when there are none. */
export function failedText({ failed, count }: Batch): string {
  if (failed === 0) return '';
  return `${failed} of ${count} drafts ${failed === 1 ? 'has' : 'have'} videos that were not sent.`;
}

import type { HistorySearch } from '../domain/job/poll-notes.ts';

/** A page that was read, as far as the search needs it. */
export interface HistoryPage {
  /** When its oldest request was made, in epoch milliseconds; null when it is empty. */
  readonly oldestAt: number | null;
  /** Whether a further page can hold a match. */
  readonly more: boolean;
}

/** A search that has read nothing. */
export const NEW_SEARCH: HistorySearch = { page: 1, after: 0, until: null, reads: 0 };

/** A history that does not do as it is asked must not be read for ever. */
const MAX_READS = 40;

/**
 * Finds the first page that reaches back to a time, by doubling and then halving, and goes on from there page by page:
 * also where thousands of requests were made since.
 *
 * @param to epoch milliseconds: newer requests are not looked for
 * @returns what to read next; null: all that can match has been read
 */
export function nextRead(search: HistorySearch, read: HistoryPage, to: number): HistorySearch | null {
  const { page, after, until } = search;
  const reads = search.reads + 1;
  if (reads >= MAX_READS) return null;
  if (read.oldestAt !== null && read.oldestAt > to) {
    // While it is searched, new requests move all others back.
    const isBounded = until !== null && until > page;
    return isBounded
      ? { page: between(page, until), after: page, until, reads }
      : { page: until === null ? 2 * page : page + 1, after: page, until: null, reads };
  }
  if (page - after > 1) return { page: between(after, page), after, until: page, reads };
  return read.more ? { page: page + 1, after: page, until, reads } : null;
}

/** A page behind the first and not behind the second. */
function between(after: number, until: number): number {
  return after + Math.ceil((until - after) / 2);
}

/** The state of a search through the pages of the request history, which has the newest requests first. */
export interface HistorySearch {
  /** The next page to read; the first is 1. */
  readonly page: number;
  /** The last page that was read or has only newer requests; 0: none. */
  readonly after: number;
  /** A page that reaches back far enough; null: none is known. */
  readonly until: number | null;
  /** The number of pages that were read. */
  readonly reads: number;
}

/**
 * The poller's notes about an unfinished job from one step to the next. They are stored beside the job and are not public, so a change
 * makes no new version. A step with a normal answer clears them, except the count of polls and the delay of the detection. The names are
 * those of the stored JSON.
 */
export interface PollNotes {
  /** Status calls so far; absent: none. */
  readonly polls?: number;
  /** Estimate of the time from the end at the upstream to its detection, in milliseconds; absent: no poll has shown an end. */
  readonly detectionDelayMs?: number;
  /** When the current series of 404 answers began, in epoch milliseconds. */
  readonly notFoundSince?: number;
  /** The undocumented final status word of the last answer, such as `CANCELLED`. */
  readonly endWord?: string;
  /** COMPLETED answers in a row without a usable video. */
  readonly emptyResults?: number;
  /** The error of the last call, for the failure's message. */
  readonly lastError?: string;
  /** Finished searches in the request history, while the job is `settling`. */
  readonly historyLooks?: number;
  /** The state of the current search; absent: it has not begun. */
  readonly historySearch?: HistorySearch;
  /** An upstream id that may be this job's. The next call confirms it. */
  readonly candidateId?: string;
  /** True: the poller that sent the job lost its lease during the POST. It may be frozen, and return with the answer. */
  readonly mayStillAnswer?: boolean;
  /** Ids that are not this job's, in the current search. */
  readonly rejectedIds?: readonly string[];
  /** True: the next call looks up the job in the history instead of polling it. */
  readonly lookUpNext?: boolean;
  /** True when the last call before the end by the deadline was made. */
  readonly lastCallMade?: boolean;
  /** How often the last call had to wait for the call budget. */
  readonly lastCallDeferrals?: number;
}

export const NO_NOTES: PollNotes = Object.freeze({});

/** Encodes notes for a store. @returns an empty text when there are none */
export function encodeNotes(notes: PollNotes = NO_NOTES): string {
  const text = JSON.stringify(notes);
  return text === '{}' ? '' : text;
}

/** Decodes stored notes. Unreadable notes count as none: without its notes a job only takes longer. */
export function decodeNotes(text: unknown): PollNotes {
  if (typeof text !== 'string' || text === '') return NO_NOTES;
  try {
    const notes: PollNotes | null = JSON.parse(text);
    return typeof notes === 'object' && notes !== null && !Array.isArray(notes) ? notes : NO_NOTES;
  } catch {
    return NO_NOTES;
  }
}

/** Where a job is in the pages of the request history, which has the newest requests first. */
export interface HistorySearch {
  /** The page that is read next; the first is 1. */
  readonly page: number;
  /** The last page that is known to hold newer requests only, or to have been read; 0: none. */
  readonly after: number;
  /** A page that is known to reach back far enough; null: none. */
  readonly until: number | null;
  /** Pages that were read. */
  readonly reads: number;
}

/**
 * What the poller has to remember of an unfinished job from one step to the next, besides the job itself. It is stored
 * beside the job and shown to nobody, so changing it makes no new version. A step that gets a normal answer clears it.
 */
export interface PollNotes {
  /** When the first of the latest answers 404 in a row came, in epoch milliseconds. */
  readonly notFoundSince?: number;
  /** The undocumented final status word of the last answer, such as `CANCELLED`. */
  readonly endWord?: string;
  /** Answers in a row that said COMPLETED and had no usable video. */
  readonly emptyResults?: number;
  /** What the last failed call said, for the failure's message. */
  readonly lastError?: string;
  /** Looks into the request history that were finished, while the job is `settling`. */
  readonly historyLooks?: number;
  /** Where the present look into the history has come to; absent: at its beginning. */
  readonly historySearch?: HistorySearch;
  /** An upstream id that may belong to this job, and is confirmed by the next call. */
  readonly candidateId?: string;
  /** True: the poller that sent the job lost its lease during the POST, and may only have stood still. */
  readonly mayStillAnswer?: boolean;
  /** Ids that are not this job's, in the present look, while the job is `settling`. */
  readonly rejectedIds?: readonly string[];
  /** True: the next call asks the history about the job's id, not the job itself. */
  readonly lookUpNext?: boolean;
  /** True once the job had its last call before it is ended by its deadline. */
  readonly lastCallMade?: boolean;
  /** How often that call had to wait for the call budget. */
  readonly lastCallDeferrals?: number;
}

/** Nothing to remember. */
export const NO_NOTES: PollNotes = Object.freeze({});

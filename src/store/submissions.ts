/**
 * Maps upstream requests to jobs. Only jobs with equal inputs can be confused, so all entries are kept by the fingerprint of the inputs.
 * The methods reject with `StoreUnavailableError` when the store cannot be reached; each may be repeated.
 */
export interface Submissions {
  /** Records that a POST with these inputs is about to be sent. Until its `end`, no request with equal inputs is adopted. */
  begin(fingerprint: string, jobId: string): Promise<void>;
  /** Records that the POST has ended. With an id, that request belongs to this job, and no other job adopts it. */
  end(fingerprint: string, jobId: string, upstreamId: string | null): Promise<void>;
  /** Assigns a request from the history to a job whose answer was lost. Atomic: two jobs never get the same request. */
  adopt(fingerprint: string, jobId: string, upstreamId: string): Promise<AdoptOutcome>;
}

/**
 * The result of an adoption.
 *
 * - `adopted`: the request belongs to this job, by this call or by an earlier attempt of it
 * - `taken`: the request belongs to another job
 * - `in-flight`: another job's POST with equal inputs has no answer yet; try again later
 */
export type AdoptOutcome = 'adopted' | 'taken' | 'in-flight';

/**
 * Milliseconds after which a POST without an end counts as ended, and for which ids are kept: longer than a job can be unfinished. A poller
 * that takes over a job of a lost poller ends its POST.
 */
export const SUBMISSION_MEMORY_MS = 25 * 60 * 60 * 1000;

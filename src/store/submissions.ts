/**
 * Which upstream request belongs to which job. Only jobs with equal inputs can be taken for one another, so everything
 * is kept by the fingerprint of the inputs. Its methods reject with `StoreUnavailableError` when the store can't be
 * reached; each may be repeated.
 */
export interface Submissions {
  /** A POST with these inputs is about to be sent for a job: until its `end`, nothing with equal inputs is adopted. */
  begin(fingerprint: string, jobId: string): Promise<void>;
  /** The POST is over. With an id, that request is this job's, and no other job adopts it. */
  end(fingerprint: string, jobId: string, upstreamId: string | null): Promise<void>;
  /** Takes a request that was found in the history for a job whose answer was lost. Atomic: two jobs never get the same. */
  adopt(fingerprint: string, jobId: string, upstreamId: string): Promise<AdoptOutcome>;
}

/**
 * What became of taking a request for a job.
 *
 * - `adopted`: it is this job's, by this call or an earlier try of it
 * - `taken`: it is another job's
 * - `in-flight`: the answer to another job's POST with equal inputs is still to come; ask again later
 */
export type AdoptOutcome = 'adopted' | 'taken' | 'in-flight';

/**
 * Milliseconds for which a begun POST without an end is in flight at most, and for which ids are remembered: longer
 * than a job can be unfinished. A job whose poller was lost ends its POST when it is taken over.
 */
export const SUBMISSION_MEMORY_MS = 25 * 60 * 60 * 1000;

import type { SubmitOutcome } from '../providers/video-upstream.ts';

/** Jobs that are remembered; past it the one that was sent first is forgotten. About 20 MB. */
const MAX_JOBS = 50_000;

/** What became of a POST of this process; `in-progress`: its answer is still to come. */
export type SentOutcome = SubmitOutcome | { readonly type: 'in-progress' };

/**
 * The jobs that this process has sent, apart from the store. A store that lost its last writes (an asynchronous failover,
 * a Redis without append-only file) shows a job as not sent that was: it must not be sent again.
 */
export class SentJobs {
  readonly #outcomes = new Map<string, SentOutcome>();

  /** @returns null when this process has not sent it, or it is known that no job was made */
  get(jobId: string): SentOutcome | null {
    return this.#outcomes.get(jobId) ?? null;
  }

  /** The POST is about to be sent, or has come to an end. */
  set(jobId: string, outcome: SentOutcome): void {
    this.#outcomes.delete(jobId);
    if (outcome.type === 'not-created') return;
    this.#outcomes.set(jobId, outcome);
    if (this.#outcomes.size <= MAX_JOBS) return;
    for (const oldest of this.#outcomes.keys()) {
      this.#outcomes.delete(oldest);
      return;
    }
  }
}

import type { VideoJob } from '@reelgate/client';

/** The place of a job among the caller's own jobs that wait to be sent; 1 is sent next. */
export interface QueuePlace {
  readonly place: number;
  readonly of: number;
}

/**
 * The place of a job, as far as the loaded list shows it: an owner's jobs are sent in the order of their creation.
 *
 * @param jobs the loaded list, newest first
 * @param hasMore whether older jobs are not loaded
 * @returns null when the job does not wait, when older jobs that are not loaded may wait too, or when no other job waits
 */
export function queuePlace(jobs: readonly VideoJob[], hasMore: boolean, id: string): QueuePlace | null {
  const waiting = jobs.filter(waitsToBeSent);
  const job = waiting.find((other) => other.id === id);
  const oldest = jobs.at(-1);
  if (job === undefined || waiting.length === 1) return null;
  if (hasMore && oldest !== undefined && waitsToBeSent(oldest)) return null;
  const earlier = waiting.filter((other) => turn(other) < turn(job));
  return { place: earlier.length + 1, of: waiting.length };
}

/** Sorts jobs by their turn. Variations are accepted in the same millisecond: then only the estimates show their order. */
function turn({ createdAt, estimatedSubmissionAt, id }: VideoJob): string {
  return `${createdAt} ${estimatedSubmissionAt ?? ''} ${id}`;
}

function waitsToBeSent({ waitingFor }: VideoJob): boolean {
  return waitingFor === 'RATE_LIMIT' || waitingFor === 'UPSTREAM_UNAVAILABLE';
}

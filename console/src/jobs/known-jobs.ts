import type { VideoJob } from '@reelgate/client';

/** Whether a job has failed, by its id. */
const known = new Map<string, boolean>();

/** Records the jobs that this page has read. */
export function noteJobs(jobs: readonly VideoJob[]): void {
  for (const { id, failure } of jobs) known.set(id, failure !== null);
}

/** The jobs that this page has read until now: whether they have failed, by their ids. */
export function knownJobs(): ReadonlyMap<string, boolean> {
  return new Map(known);
}

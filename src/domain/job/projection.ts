/** What the outside sees of a job: the upstream's four words, and estimates. */
import { expectedAt, progressAt } from './forecast.ts';
import { isFinal, JOB_PHASES, type Job, type JobPhase, type SubmissionWait } from './job.ts';

/** The public status of a job [page]. */
export type JobStatus = 'QUEUED' | 'PROCESSING' | 'COMPLETED' | 'FAILED';

const STATUS: Readonly<Record<JobPhase, JobStatus>> = {
  accepted: 'QUEUED',
  submitting: 'QUEUED',
  settling: 'QUEUED',
  queued: 'QUEUED',
  processing: 'PROCESSING',
  collecting: 'PROCESSING',
  completed: 'COMPLETED',
  failed: 'FAILED',
};

/** The public status of a job. */
export function jobStatus(job: Job): JobStatus {
  return STATUS[job.phase];
}

/** The phases that show as one of these statuses. */
export function phasesOf(statuses: readonly JobStatus[]): JobPhase[] {
  return JOB_PHASES.filter((phase) => statuses.includes(STATUS[phase]));
}

/**
 * Estimated share of the work that is done: from 0 to 1, 1 only when completed, 0 until the upstream took the job;
 * a failed job keeps what it had reached.
 */
export function jobProgress(job: Job, now: number): number {
  if (job.phase === 'completed') return 1;
  if (job.submittedAt === null) return 0;
  return progressAt(job.forecast ?? null, job.finishedAt ?? now);
}

/** Once the upstream is done, its result is fetched in about this many milliseconds. */
const COLLECTING_MS = 1000;

/** Why a job is QUEUED; `UPSTREAM_QUEUE`: it waits for a worker; `SUBMISSION_CHECK`: it is looked for in the history. */
export type JobWait = SubmissionWait | 'UPSTREAM_QUEUE' | 'SUBMISSION_CHECK';

/** Why a job is QUEUED; null when it is not, and when it is about to be sent. */
export function jobWait(job: Job): JobWait | null {
  if (job.phase === 'accepted') return job.waitingFor;
  if (job.phase === 'settling') return 'SUBMISSION_CHECK';
  return job.phase === 'queued' ? 'UPSTREAM_QUEUE' : null;
}

/** When the job is expected to complete, in epoch milliseconds; null when final, and while nothing is known of that. */
export function estimatedCompletionAt(job: Job, now: number): number | null {
  if (isFinal(job) || job.forecast == null) return null;
  if (job.phase === 'collecting') return Math.ceil(now) + COLLECTING_MS;
  return Math.ceil(expectedAt(job.forecast, Math.max(now, job.forecast.madeAt)));
}

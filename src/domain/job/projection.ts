/** The public view of a job: the upstream's four status words, and estimates. */
import { expectedEndAt, progressAt } from './forecast.ts';
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

/** The phases with one of these statuses. */
export function phasesOf(statuses: readonly JobStatus[]): JobPhase[] {
  return JOB_PHASES.filter((phase) => statuses.includes(STATUS[phase]));
}

/**
 * The estimated progress from 0 to 1: 0 until the upstream has accepted the job, 1 only when it is completed. A failed job keeps its last
 * progress.
 */
export function jobProgress(job: Job, now: number): number {
  if (job.phase === 'completed') return 1;
  if (job.submittedAt === null) return 0;
  return progressAt(job.forecast, job.finishedAt ?? now);
}

/** About how many milliseconds it takes to fetch the result of a job that is done. */
const COLLECTING_MS = 1000;

/** Why a job is QUEUED. `UPSTREAM_QUEUE`: it waits for a worker. `SUBMISSION_CHECK`: the history is searched for it. */
export type JobWait = SubmissionWait | 'UPSTREAM_QUEUE' | 'SUBMISSION_CHECK';

/** Why a job is QUEUED; null when it is not QUEUED, or is about to be sent. */
export function jobWait(job: Job): JobWait | null {
  if (job.phase === 'accepted') return job.waitingFor;
  if (job.phase === 'settling') return 'SUBMISSION_CHECK';
  return job.phase === 'queued' ? 'UPSTREAM_QUEUE' : null;
}

/**
 * When a job that waits for the rate limit is expected to be sent, in epoch milliseconds, never in the past; null for other jobs. A
 * forecast of such a job begins when it is sent.
 */
export function estimatedSubmissionAt(job: Job, now: number): number | null {
  if (job.phase !== 'accepted' || job.waitingFor !== 'RATE_LIMIT' || job.forecast === null) return null;
  return Math.ceil(Math.max(now, job.forecast.from));
}

/** When the job is expected to complete, in epoch milliseconds; null when it is final or has no forecast. */
export function estimatedCompletionAt(job: Job, now: number): number | null {
  if (isFinal(job) || job.forecast === null) return null;
  if (job.phase === 'collecting') return Math.ceil(now) + COLLECTING_MS;
  return Math.ceil(expectedEndAt(job.forecast, Math.max(now, job.forecast.madeAt)));
}

/**
 * What the outside sees of a job: the upstream's four words, and estimates.
 *
 * The estimates rest on `typicalMs`, the time that a job takes from submission to completion. With e the time since
 * submission, progress is 0.9·e/T up to T and 1 − 0.1·exp(−(e − T)/T) after it: monotone, under 1, and never stuck.
 * The estimated completion is T after submission, and once e comes near, a tenth of e ahead of now.
 */
import { isFinal, JOB_PHASES, type Job, type JobPhase } from './job.ts';

/** The public status of a job [page]. */
export type JobStatus = 'QUEUED' | 'PROCESSING' | 'COMPLETED' | 'FAILED';

const STATUS: Readonly<Record<JobPhase, JobStatus>> = {
  accepted: 'QUEUED',
  submitting: 'QUEUED',
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
export function jobProgress(job: Job, now: number, typicalMs: number): number {
  if (job.phase === 'completed') return 1;
  if (job.submittedAt === null) return 0;
  const elapsed = Math.max(0, (job.finishedAt ?? now) - job.submittedAt) / typicalMs;
  return elapsed <= 1 ? 0.9 * elapsed : Math.min(0.9999, 1 - 0.1 * Math.exp(1 - elapsed));
}

/** When the job is expected to complete, in epoch milliseconds; null when final or not yet taken by the upstream. */
export function estimatedCompletionAt(job: Job, now: number, typicalMs: number): number | null {
  if (isFinal(job) || job.submittedAt === null) return null;
  const elapsed = Math.max(0, now - job.submittedAt);
  return Math.round(job.submittedAt + Math.max(typicalMs, 1.1 * elapsed));
}

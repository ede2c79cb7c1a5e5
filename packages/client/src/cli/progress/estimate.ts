import type { VideoJob } from '../../types.ts';

/** A state of a job and when it arrived, in epoch milliseconds. */
export interface SeenJob {
  readonly job: VideoJob;
  readonly at: number;
}

/** The highest estimate for a job that has not ended. */
const ALMOST = 0.99;

/** The progress now, from 0 to 1: between two states of a job the estimated completion is approached evenly. */
export function estimateProgress({ job, at }: SeenJob, now: number): number {
  if (job.isTerminal || job.estimatedCompletionAt === null) return job.progress;
  const remainingMs = Date.parse(job.estimatedCompletionAt) - at;
  const elapsed = remainingMs <= 0 ? 0 : Math.min(1, Math.max(0, now - at) / remainingMs);
  return Math.max(job.progress, Math.min(ALMOST, job.progress + (1 - job.progress) * elapsed));
}

/** Seconds until the estimated completion; null when it is unknown or has passed. */
export function secondsLeft({ job }: SeenJob, now: number): number | null {
  if (job.isTerminal || job.estimatedCompletionAt === null) return null;
  const seconds = Math.ceil((Date.parse(job.estimatedCompletionAt) - now) / 1000);
  return seconds > 0 ? seconds : null;
}

import { isFinal, type Job } from '../domain/job/job.ts';
import type { EventEmitter, JobEndEvent } from './gateway-events.ts';

/** What the polls of a job have shown; see `JobEndEvent`. */
export type PollFacts = Pick<JobEndEvent, 'polls' | 'detectionDelayMs'>;

/** The facts of a job that was not polled. */
const NOT_POLLED: PollFacts = { polls: 0, detectionDelayMs: null };

/**
 * Emits that a version of a job was stored, and the end of the job if that version is final.
 *
 * @param before null: the job is new
 */
export function emitJobChange(
  events: EventEmitter,
  before: Job | null,
  job: Job,
  facts: PollFacts = NOT_POLLED,
): void {
  events.emit('job:changed', { before, job });
  if (!isFinal(job) || !events.hears('job:ended')) return;
  const { createdAt, submittedAt } = job;
  const waitedMs = submittedAt === null ? null : submittedAt - createdAt;
  events.emit('job:ended', { job, waitedMs, ...facts, durationRatio: durationRatio(job, facts) });
}

/**
 * Late polls, as while the budget binds or after an outage, are no error of the model. The duration of a job that was found very late is
 * not known.
 */
function durationRatio({ phase, finishedAt, forecast }: Job, { detectionDelayMs }: PollFacts): number | null {
  if (phase !== 'completed' || finishedAt === null || forecast === null) return null;
  const expectedMs = Math.exp(forecast.mu);
  const delayMs = detectionDelayMs ?? 0;
  return delayMs > expectedMs / 2 ? null : (finishedAt - delayMs - forecast.from) / expectedMs;
}

/**
 * The cells of the transition table. Each rule makes the next state of a job from an observation, without the version and
 * `updatedAt`, which `transition` sets. `at` is the time of the change in epoch milliseconds.
 */
import { type ChargeState, type JobFailure, jobFailure } from './failure.ts';
import { forecastRunning, forecastWaiting } from './forecast.ts';
import type { Job, JobIn, JobMetrics, JobPhase } from './job.ts';
import type { ObservationsByType, ObservationType } from './observation.ts';

type On<T extends ObservationType> = ObservationsByType[T];
/** The upstream may have created the job, and its id is not known. */
type Unsettled = JobIn<'submitting' | 'settling'>;
type Running = JobIn<'queued' | 'processing'>;
type AtUpstream = JobIn<'queued' | 'processing' | 'collecting'>;
type Unfinished = JobIn<Exclude<JobPhase, 'completed' | 'failed'>>;

/** The observation does not matter in this phase. */
export function ignore(job: Job): Job {
  return job;
}

export function wait(job: JobIn<'accepted'>, { waitingFor, forecast }: On<'submission-waits'>): Job {
  return job.waitingFor === waitingFor ? job : { ...job, waitingFor, forecast };
}

export function cancel(job: JobIn<'accepted'>, _: On<'canceled'>, at: number): Job {
  return fail(job, at, jobFailure('CANCELED', CANCELED, 'NO'));
}

const CANCELED = 'The job was canceled before it was sent to the upstream.';

export function passStartDeadline(
  job: JobIn<'accepted'>,
  { lastError }: On<'start-deadline-passed'>,
  at: number,
): Job {
  const message = `The job was not sent to the upstream before its start deadline.${whyText(lastError)}`;
  return fail(job, at, jobFailure('START_DEADLINE_PASSED', message, 'NO'));
}

export function submit(job: JobIn<'accepted'>, _: On<'submit-started'>, at: number): Job {
  return { ...job, phase: 'submitting', sentAt: at, waitingFor: null, forecast: null };
}

export function returnToAccepted(job: Unsettled, { waitingFor, forecast }: On<'submit-not-created'>): Job {
  return { ...job, phase: 'accepted', waitingFor, forecast, lostAnswer: null };
}

export function refuse(job: Unsettled, { code, message }: On<'submit-refused'>, at: number): Job {
  return fail(job, at, jobFailure(code, message, 'NO'));
}

export function settle(job: JobIn<'submitting'>, { message, sentAt }: On<'submit-lost'>): Job {
  return { ...job, phase: 'settling', lostAnswer: message, sentAt: sentAt ?? job.sentAt };
}

export function giveUpSubmission(job: Unsettled, { message }: On<'submit-unknown'>, at: number): Job {
  return fail(job, at, jobFailure('SUBMISSION_UNKNOWN', message, 'UNKNOWN'));
}

export function queue(job: Unsettled, observation: On<'submit-accepted'>, at: number): Job {
  const { upstreamId, expected } = observation;
  const submittedAt = clamp(observation.submittedAt ?? at, job.createdAt, at);
  const forecast = forecastWaiting(expected, submittedAt);
  return { ...job, phase: 'queued', upstreamId, submittedAt, forecast, lostAnswer: null };
}

export function process(job: JobIn<'queued'>, observation: On<'upstream-processing'>, at: number): Job {
  const startedAt = startOf(job, observation.startedAt, at);
  const forecast = forecastRunning(observation.expected, startedAt, at, job.forecast);
  return { ...job, phase: 'processing', startedAt, forecast };
}

export function collect(job: Running, { startedAt, metrics }: On<'upstream-completed'>, at: number): Job {
  return { ...job, phase: 'collecting', startedAt: startOf(job, startedAt, at), metrics };
}

export function complete(job: AtUpstream, observation: On<'video-collected'>, at: number): Job {
  return {
    ...job,
    phase: 'completed',
    video: observation.video,
    startedAt: startOf(job, observation.startedAt, at),
    metrics: mergeMetrics(job.metrics, observation.metrics),
    finishedAt: at,
  };
}

/** Failed jobs are not charged, unless the metrics have a cost. */
export function failGeneration(
  job: AtUpstream,
  { message, metrics }: On<'upstream-failed'>,
  at: number,
): Job {
  const charged = chargeByMetrics(mergeMetrics(job.metrics, metrics)) ?? 'NO';
  return fail(job, at, jobFailure('GENERATION_FAILED', message, charged), metrics);
}

export function failWithoutVideo(
  job: AtUpstream,
  { message, metrics }: On<'upstream-has-no-video'>,
  at: number,
): Job {
  const charged = chargeByMetrics(mergeMetrics(job.metrics, metrics)) ?? 'YES';
  return fail(job, at, jobFailure('GENERATION_FAILED', message, charged), metrics);
}

export function expire(job: AtUpstream, { metrics }: On<'upstream-not-found'>, at: number): Job {
  const charged = chargeByMetrics(mergeMetrics(job.metrics, metrics)) ?? chargeByPhase(job);
  return fail(job, at, jobFailure('RESULT_EXPIRED', RESULT_EXPIRED, charged), metrics);
}

const RESULT_EXPIRED =
  'The upstream no longer knows this job. It keeps results for a limited time, and the video was not fetched in that time.';

export function passDeadline(job: Unfinished, { lastError }: On<'deadline-passed'>, at: number): Job {
  return fail(job, at, deadlineFailure(job, lastError));
}

function deadlineFailure(job: Unfinished, lastError: string | null): JobFailure {
  const why = whyText(lastError);
  switch (job.phase) {
    case 'accepted':
      return jobFailure(
        'UPSTREAM_UNAVAILABLE',
        `The upstream did not take the job before its deadline.${why}`,
        'NO',
      );
    case 'submitting':
      return jobFailure(
        'SUBMISSION_UNKNOWN',
        'The deadline passed before the upstream answered the submission. A job may exist there.',
        'UNKNOWN',
      );
    case 'settling':
      return jobFailure(
        'SUBMISSION_UNKNOWN',
        `${job.lostAnswer} The deadline passed before the request was found in the upstream's request history.`,
        'UNKNOWN',
      );
    case 'queued':
    case 'processing':
      return jobFailure(
        'TIMED_OUT',
        `The video was not ready before the deadline.${why}`,
        chargeByPhase(job),
      );
    case 'collecting':
      return jobFailure(
        'TIMED_OUT',
        `The upstream said COMPLETED, but no usable video could be fetched before the deadline.${why}`,
        chargeByPhase(job),
      );
  }
}

function whyText(lastError: string | null): string {
  return lastError === null ? '' : ` The upstream's last error: ${lastError}`;
}

function fail(job: Unfinished, at: number, failure: JobFailure, metrics: JobMetrics | null = null): Job {
  return { ...job, phase: 'failed', failure, finishedAt: at, metrics: mergeMetrics(job.metrics, metrics) };
}

/** When the upstream began to work on it. The first estimate is kept, limited to the time from the submission to now. */
function startOf(job: AtUpstream, startedAt: number, at: number): number {
  return job.startedAt ?? clamp(startedAt, job.submittedAt, at);
}

function clamp(time: number, from: number, to: number): number {
  return Math.min(to, Math.max(from, time));
}

/** In `collecting` the upstream has said COMPLETED, and completed jobs are charged. */
function chargeByPhase(job: AtUpstream): ChargeState {
  return job.phase === 'collecting' ? 'YES' : 'UNKNOWN';
}

/** @returns null when the metrics have no cost */
function chargeByMetrics(metrics: JobMetrics | null): ChargeState | null {
  if (metrics === null || metrics.costUsd === null) return null;
  return metrics.costUsd > 0 ? 'YES' : 'NO';
}

function mergeMetrics(older: JobMetrics | null, newer: JobMetrics | null): JobMetrics | null {
  if (older === null || newer === null) return newer ?? older;
  return {
    queueSeconds: newer.queueSeconds ?? older.queueSeconds,
    inferenceSeconds: newer.inferenceSeconds ?? older.inferenceSeconds,
    costUsd: newer.costUsd ?? older.costUsd,
  };
}

/**
 * The life of a job.
 *
 *     accepted ──> submitting ──> queued ──> processing ──> collecting ──> completed
 *        ^             │             └───────────┴──────────────┴────────> failed
 *        └── not made ─┘
 *
 * A job is stored as `accepted` before its caller hears of it and as `submitting` before the one POST that may make
 * and bill a job upstream. From `submitting` there is a way back only when that POST is known to have made nothing;
 * when that is not known the job ends as SUBMISSION_UNKNOWN, because a second POST could be a second bill.
 * What the upstream tells moves a job forward only: stages may be skipped (a job can be seen COMPLETED at the first
 * poll), news of an earlier stage changes nothing. `collecting` means the upstream is done and its video is still to
 * be fetched. Every phase but the final two ends when the deadline passes.
 */
import type { ExpectedDurations } from './duration-model.ts';
import { type ChargeState, type FailureCode, type JobFailure, jobFailure } from './failure.ts';
import { forecastRunning, forecastWaiting } from './forecast.ts';
import { isFinal, type Job, type JobMetrics, type JobVideo } from './job.ts';

/** Something that was learned about a job, by doing it or by asking the upstream. */
export type Observation =
  /** The POST is about to be sent. */
  | { readonly type: 'submit-started' }
  /** The POST is known to have made no job, and may be sent again. */
  | { readonly type: 'submit-not-made' }
  /** The POST was refused for good, and made no job. */
  | { readonly type: 'submit-refused'; readonly code: FailureCode; readonly message: string }
  /** The POST's answer was lost or unreadable. */
  | { readonly type: 'submit-unknown'; readonly message: string }
  | { readonly type: 'submit-accepted'; readonly upstreamId: string; readonly expected: ExpectedDurations }
  /** `startedAt`: about when it began, in epoch milliseconds. */
  | {
      readonly type: 'upstream-processing';
      readonly startedAt: number;
      readonly expected: ExpectedDurations;
    }
  | { readonly type: 'upstream-completed'; readonly metrics: JobMetrics | null }
  | { readonly type: 'upstream-failed'; readonly message: string; readonly metrics: JobMetrics | null }
  /** The upstream no longer knows a job that it had accepted. */
  | { readonly type: 'upstream-forgot' }
  | { readonly type: 'video-collected'; readonly video: JobVideo; readonly metrics: JobMetrics | null }
  | { readonly type: 'deadline-passed' };

/**
 * The only legal way from one version of a job to the next.
 *
 * @param now epoch milliseconds; a clock that went back is treated as standing still
 * @returns the next version, or `job` itself when the observation changes nothing. Never throws.
 */
export function transition(job: Job, observation: Observation, now: number): Job {
  if (isFinal(job)) return job;
  const at = Math.max(now, job.updatedAt);
  const next = (change: Partial<Job>): Job => ({
    ...job,
    ...change,
    version: job.version + 1,
    updatedAt: at,
  });
  const fail = (failure: JobFailure, metrics: JobMetrics | null = null): Job =>
    next({ phase: 'failed', failure, finishedAt: at, metrics: mergeMetrics(job.metrics, metrics) });
  const running = job.phase === 'queued' || job.phase === 'processing';
  const known = running || job.phase === 'collecting';

  switch (observation.type) {
    case 'submit-started':
      return job.phase === 'accepted' ? next({ phase: 'submitting' }) : job;
    case 'submit-not-made':
      return job.phase === 'submitting' ? next({ phase: 'accepted' }) : job;
    case 'submit-refused':
      return job.phase === 'submitting' ? fail(jobFailure(observation.code, observation.message, 'NO')) : job;
    case 'submit-unknown':
      return job.phase === 'submitting'
        ? fail(jobFailure('SUBMISSION_UNKNOWN', observation.message, 'UNKNOWN'))
        : job;
    case 'submit-accepted':
      return job.phase === 'submitting'
        ? next({
            phase: 'queued',
            upstreamId: observation.upstreamId,
            submittedAt: at,
            forecast: forecastWaiting(observation.expected, at),
          })
        : job;
    case 'upstream-processing': {
      if (job.phase !== 'queued') return job;
      const startedAt = Math.min(at, Math.max(job.submittedAt ?? at, observation.startedAt));
      const forecast = forecastRunning(observation.expected, startedAt, at, job.forecast ?? null);
      return next({ phase: 'processing', startedAt, forecast });
    }
    case 'upstream-completed':
      return running
        ? next({ phase: 'collecting', metrics: mergeMetrics(job.metrics, observation.metrics) })
        : job;
    case 'upstream-failed':
      return known
        ? fail(
            jobFailure(
              'GENERATION_FAILED',
              observation.message,
              chargeByMetrics(mergeMetrics(job.metrics, observation.metrics)),
            ),
            observation.metrics,
          )
        : job;
    case 'upstream-forgot':
      return known ? fail(jobFailure('RESULT_EXPIRED', FORGOTTEN, chargeByPhase(job))) : job;
    case 'video-collected':
      return job.phase === 'collecting'
        ? next({
            phase: 'completed',
            video: observation.video,
            metrics: mergeMetrics(job.metrics, observation.metrics),
            finishedAt: at,
          })
        : job;
    case 'deadline-passed':
      return fail(deadlineFailure(job));
  }
}

const FORGOTTEN =
  'The upstream no longer knows this job. It keeps a result for one hour from submission, and the video was not fetched in that time.';

function deadlineFailure(job: Job): JobFailure {
  switch (job.phase) {
    case 'accepted':
      return jobFailure(
        'UPSTREAM_UNAVAILABLE',
        'The upstream did not take the job before its deadline. Nothing was charged.',
        'NO',
      );
    case 'submitting':
      return jobFailure(
        'SUBMISSION_UNKNOWN',
        'The deadline passed before the upstream answered the submission. A job may exist there and be charged.',
        'UNKNOWN',
      );
    case 'collecting':
      return jobFailure(
        'TIMED_OUT',
        'The upstream said COMPLETED, but no usable video could be fetched before the deadline.',
        chargeByPhase(job),
      );
    case 'queued':
    case 'processing':
    case 'completed':
    case 'failed':
      return jobFailure('TIMED_OUT', 'The video was not ready before the deadline.', chargeByPhase(job));
  }
}

/** In `collecting` the upstream has said COMPLETED; only calls answered 200 are charged [docs], and that one was. */
function chargeByPhase(job: Job): ChargeState {
  return job.phase === 'collecting' ? 'YES' : 'UNKNOWN';
}

/** Whether a FAILED job is charged is documented nowhere; only a cost in its metrics tells. */
function chargeByMetrics(metrics: JobMetrics | null): ChargeState {
  if (metrics === null || metrics.costUsd === null) return 'UNKNOWN';
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

/**
 * The life of a job.
 *
 *     accepted ──> submitting ──────> queued ──> processing ──> collecting ──> completed
 *        ^          │      │            ^ └───────────┴──────────────┴───────> failed
 *        │          │   settling ───────┘
 *        └─ not made ┴─────┘
 *
 * A job is stored as `accepted` before its caller hears of it and as `submitting` before the one POST that may make
 * and bill a job upstream. From `submitting` there is a way back only when that POST is known to have made nothing.
 * When its answer was lost, the job is `settling` while the upstream's request history is searched for it; where there
 * is no history, or nothing is found, it ends as SUBMISSION_UNKNOWN, because a second POST could be a second bill. An
 * answer that arrives late, while another poller is already searching, counts as if it had come in time.
 * What the upstream tells moves a job forward only: stages may be skipped (a job can be seen COMPLETED at the first
 * poll), news of an earlier stage changes nothing. `collecting` means the upstream is done and its video is still to
 * be fetched. Every phase but the final two ends when the deadline passes.
 */
import type { ExpectedDurations } from './duration-model.ts';
import { type ChargeState, type FailureCode, type JobFailure, jobFailure } from './failure.ts';
import { type Forecast, forecastRunning, forecastWaiting } from './forecast.ts';
import { isFinal, type Job, type JobMetrics, type JobVideo, type SubmissionWait } from './job.ts';

/** Something that was learned about a job, by doing it or by asking the upstream. */
export type Observation =
  /** It cannot be sent yet. */
  | {
      readonly type: 'submission-waits';
      readonly waitingFor: SubmissionWait;
      readonly forecast: Forecast | null;
    }
  /** The POST is about to be sent. */
  | { readonly type: 'submit-started' }
  /** The POST is known to have made no job, and may be sent again. */
  | {
      readonly type: 'submit-not-made';
      readonly waitingFor: SubmissionWait;
      readonly forecast: Forecast | null;
    }
  /** The POST was refused for good, and made no job. */
  | { readonly type: 'submit-refused'; readonly code: FailureCode; readonly message: string }
  /** The POST's answer was lost or unreadable; the request history may tell what became of it. */
  | {
      readonly type: 'submit-lost';
      readonly message: string;
      /** When the POST began, in epoch milliseconds; null: when the job was marked. */
      readonly sentAt: number | null;
    }
  /** What became of the POST cannot be found out. */
  | { readonly type: 'submit-unknown'; readonly message: string }
  /** `submittedAt`: when the upstream took it, in epoch milliseconds; null: now. */
  | {
      readonly type: 'submit-accepted';
      readonly upstreamId: string;
      readonly submittedAt: number | null;
      readonly expected: ExpectedDurations;
    }
  /** `startedAt`: about when it began, in epoch milliseconds. */
  | {
      readonly type: 'upstream-processing';
      readonly startedAt: number;
      readonly expected: ExpectedDurations;
    }
  /** `startedAt` as above. */
  | { readonly type: 'upstream-completed'; readonly startedAt: number; readonly metrics: JobMetrics | null }
  | { readonly type: 'upstream-failed'; readonly message: string; readonly metrics: JobMetrics | null }
  /** The upstream says COMPLETED and has no usable video. */
  | { readonly type: 'upstream-has-no-video'; readonly message: string; readonly metrics: JobMetrics | null }
  /** The upstream no longer knows a job that it had accepted. */
  | { readonly type: 'upstream-forgot'; readonly metrics: JobMetrics | null }
  | {
      readonly type: 'video-collected';
      readonly video: JobVideo;
      readonly startedAt: number;
      readonly metrics: JobMetrics | null;
    }
  /** `lastError`: what the last call to the upstream about this job failed with; null when it did not. */
  | { readonly type: 'deadline-passed'; readonly lastError: string | null };

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
  const unsettled = job.phase === 'submitting' || job.phase === 'settling';

  switch (observation.type) {
    case 'submission-waits': {
      const { waitingFor, forecast } = observation;
      return job.phase === 'accepted' && job.waitingFor !== waitingFor ? next({ waitingFor, forecast }) : job;
    }
    case 'submit-started':
      return job.phase === 'accepted'
        ? next({ phase: 'submitting', sentAt: at, waitingFor: null, forecast: null })
        : job;
    case 'submit-not-made': {
      const { waitingFor, forecast } = observation;
      return unsettled ? next({ phase: 'accepted', waitingFor, forecast, lostAnswer: null }) : job;
    }
    case 'submit-refused':
      return unsettled ? fail(jobFailure(observation.code, observation.message, 'NO')) : job;
    case 'submit-lost':
      return job.phase === 'submitting'
        ? next({
            phase: 'settling',
            lostAnswer: observation.message,
            sentAt: observation.sentAt ?? job.sentAt,
          })
        : job;
    case 'submit-unknown':
      return unsettled ? fail(jobFailure('SUBMISSION_UNKNOWN', observation.message, 'UNKNOWN')) : job;
    case 'submit-accepted': {
      if (!unsettled) return job;
      const { upstreamId, expected } = observation;
      const submittedAt = clamp(observation.submittedAt ?? at, job.createdAt, at);
      const forecast = forecastWaiting(expected, submittedAt);
      return next({ phase: 'queued', upstreamId, submittedAt, forecast, lostAnswer: null });
    }
    case 'upstream-processing': {
      if (job.phase !== 'queued') return job;
      const startedAt = startOf(job, observation.startedAt, at);
      const forecast = forecastRunning(observation.expected, startedAt, at, job.forecast ?? null);
      return next({ phase: 'processing', startedAt, forecast });
    }
    case 'upstream-completed':
      return running
        ? next({
            phase: 'collecting',
            startedAt: startOf(job, observation.startedAt, at),
            metrics: mergeMetrics(job.metrics, observation.metrics),
          })
        : job;
    case 'upstream-failed': {
      const { message, metrics } = observation;
      // The vendor does not charge failed jobs [profile]; what its metrics say counts more.
      const charged = chargeByMetrics(mergeMetrics(job.metrics, metrics)) ?? 'NO';
      return known ? fail(jobFailure('GENERATION_FAILED', message, charged), metrics) : job;
    }
    case 'upstream-has-no-video': {
      const { message, metrics } = observation;
      const charged = chargeByMetrics(mergeMetrics(job.metrics, metrics)) ?? 'YES';
      return known ? fail(jobFailure('GENERATION_FAILED', message, charged), metrics) : job;
    }
    case 'upstream-forgot': {
      const { metrics } = observation;
      const charged = chargeByMetrics(mergeMetrics(job.metrics, metrics)) ?? chargeByPhase(job);
      return known ? fail(jobFailure('RESULT_EXPIRED', FORGOTTEN, charged), metrics) : job;
    }
    case 'video-collected':
      return known
        ? next({
            phase: 'completed',
            video: observation.video,
            startedAt: startOf(job, observation.startedAt, at),
            metrics: mergeMetrics(job.metrics, observation.metrics),
            finishedAt: at,
          })
        : job;
    case 'deadline-passed':
      return fail(deadlineFailure(job, observation.lastError));
  }
}

const FORGOTTEN =
  'The upstream no longer knows this job. It keeps a result for one hour from submission, and the video was not fetched in that time.';

function deadlineFailure(job: Job, lastError: string | null): JobFailure {
  const why = lastError === null ? '' : ` The upstream's last error: ${lastError}`;
  switch (job.phase) {
    case 'accepted':
      return jobFailure(
        'UPSTREAM_UNAVAILABLE',
        `The upstream did not take the job before its deadline. Nothing was charged.${why}`,
        'NO',
      );
    case 'submitting':
      return jobFailure(
        'SUBMISSION_UNKNOWN',
        'The deadline passed before the upstream answered the submission. A job may exist there and be charged.',
        'UNKNOWN',
      );
    case 'settling':
      return jobFailure(
        'SUBMISSION_UNKNOWN',
        `${job.lostAnswer ?? ''} The deadline passed before the request was found in the upstream's request history.`.trimStart(),
        'UNKNOWN',
      );
    case 'collecting':
      return jobFailure(
        'TIMED_OUT',
        `The upstream said COMPLETED, but no usable video could be fetched before the deadline.${why}`,
        chargeByPhase(job),
      );
    case 'queued':
    case 'processing':
    case 'completed':
    case 'failed':
      return jobFailure(
        'TIMED_OUT',
        `The video was not ready before the deadline.${why}`,
        chargeByPhase(job),
      );
  }
}

/** When the upstream began to work on it: what was seen first counts, and it lies between the submission and now. */
function startOf(job: Job, startedAt: number, at: number): number {
  return job.startedAt ?? clamp(startedAt, job.submittedAt ?? at, at);
}

function clamp(time: number, from: number, to: number): number {
  return Math.min(to, Math.max(from, time));
}

/** In `collecting` the upstream has said COMPLETED; only calls answered 200 are charged [docs], and that one was. */
function chargeByPhase(job: Job): ChargeState {
  return job.phase === 'collecting' ? 'YES' : 'UNKNOWN';
}

/** @returns null when the metrics do not tell */
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

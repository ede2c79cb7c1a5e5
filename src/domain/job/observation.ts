import type { ExpectedDurations } from '../polling/duration-model.ts';
import type { FailureCode } from './failure.ts';
import type { Forecast } from './forecast.ts';
import type { JobMetrics, JobVideo, SubmissionWait } from './job.ts';

/** A fact that the poller observes about a job. All times are epoch milliseconds. */
export type Observation =
  /** It cannot be sent yet. */
  | {
      readonly type: 'submission-waits';
      readonly waitingFor: SubmissionWait;
      readonly forecast: Forecast | null;
    }
  /** Its owner canceled it. */
  | { readonly type: 'canceled' }
  /** The time before which it should have been sent has passed. */
  | {
      readonly type: 'start-deadline-passed';
      /** As in `deadline-passed`. */
      readonly lastError: string | null;
    }
  /** The POST is about to be sent. */
  | { readonly type: 'submit-started' }
  /** The POST is known to have created no job, and may be sent again. */
  | {
      readonly type: 'submit-not-created';
      readonly waitingFor: SubmissionWait;
      readonly forecast: Forecast | null;
    }
  /** The POST was refused permanently, and created no job. */
  | { readonly type: 'submit-refused'; readonly code: FailureCode; readonly message: string }
  /** The answer to the POST was lost or unreadable. The request history may have the request. */
  | {
      readonly type: 'submit-lost';
      readonly message: string;
      /** When the POST began; null: unknown, so `sentAt` of the job stays. */
      readonly sentAt: number | null;
    }
  /** The result of the POST cannot be determined. */
  | { readonly type: 'submit-unknown'; readonly message: string }
  | {
      readonly type: 'submit-accepted';
      readonly upstreamId: string;
      /** When the upstream accepted it; null: now. */
      readonly submittedAt: number | null;
      readonly expected: ExpectedDurations;
    }
  | {
      readonly type: 'upstream-processing';
      /** Estimate of when it began. */
      readonly startedAt: number;
      readonly expected: ExpectedDurations;
    }
  | {
      readonly type: 'upstream-completed';
      /** Estimate of when it began. */
      readonly startedAt: number;
      readonly metrics: JobMetrics | null;
    }
  | { readonly type: 'upstream-failed'; readonly message: string; readonly metrics: JobMetrics | null }
  /** The upstream says COMPLETED and has no usable video. */
  | { readonly type: 'upstream-has-no-video'; readonly message: string; readonly metrics: JobMetrics | null }
  /** The upstream no longer knows a job that it had accepted. */
  | { readonly type: 'upstream-not-found'; readonly metrics: JobMetrics | null }
  | {
      readonly type: 'video-collected';
      readonly video: JobVideo;
      /** Estimate of when it began. */
      readonly startedAt: number;
      readonly metrics: JobMetrics | null;
    }
  | {
      readonly type: 'deadline-passed';
      /** The error of the last call to the upstream about this job; null when that call succeeded. */
      readonly lastError: string | null;
    };

export type ObservationType = Observation['type'];

/** The observations by type. */
export type ObservationsByType = {
  readonly [T in ObservationType]: Extract<Observation, { readonly type: T }>;
};

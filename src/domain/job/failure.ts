import { redact } from '../redact.ts';

/** Why a job ended without a video. The schema's `VideoJobFailureCode` describes each code. */
export type FailureCode =
  | 'REJECTED'
  | 'GENERATION_FAILED'
  | 'INSUFFICIENT_CREDITS'
  | 'UPSTREAM_UNAUTHORIZED'
  | 'MODEL_UNAVAILABLE'
  | 'UPSTREAM_UNAVAILABLE'
  | 'SUBMISSION_UNKNOWN'
  | 'RESULT_EXPIRED'
  | 'TIMED_OUT'
  | 'CANCELED'
  | 'START_DEADLINE_PASSED';

/** Whether the upstream charged for the job, as far as the gateway can know. */
export type ChargeState = 'NO' | 'YES' | 'UNKNOWN';

/** The failure of a job. */
export interface JobFailure {
  readonly code: FailureCode;
  /** One or two sentences for people. */
  readonly message: string;
  /** Whether a new job with the same input may succeed. It may be charged again. */
  readonly retryable: boolean;
  readonly charged: ChargeState;
}

const RETRYABLE: Readonly<Record<FailureCode, boolean>> = {
  REJECTED: false,
  GENERATION_FAILED: false,
  INSUFFICIENT_CREDITS: false,
  UPSTREAM_UNAUTHORIZED: false,
  MODEL_UNAVAILABLE: false,
  UPSTREAM_UNAVAILABLE: true,
  SUBMISSION_UNKNOWN: true,
  RESULT_EXPIRED: true,
  TIMED_OUT: true,
  // Its owner does not want the video: a program that repeats failed jobs must not make it.
  CANCELED: false,
  START_DEADLINE_PASSED: true,
};

/** All codes. */
export const FAILURE_CODES: readonly string[] = Object.keys(RETRYABLE);

/** Creates a failure. The message is redacted, because upstreams repeat parts of the request, such as signed URLs. */
export function jobFailure(code: FailureCode, message: string, charged: ChargeState): JobFailure {
  return { code, message: redact(message), retryable: RETRYABLE[code], charged };
}

import { redact } from '../redact.ts';

/** Why a job ended without a video. The meanings stand in the schema's descriptions of `VideoJobFailureCode`. */
export type FailureCode =
  | 'REJECTED'
  | 'GENERATION_FAILED'
  | 'INSUFFICIENT_CREDITS'
  | 'UPSTREAM_UNAUTHORIZED'
  | 'MODEL_UNAVAILABLE'
  | 'UPSTREAM_UNAVAILABLE'
  | 'SUBMISSION_UNKNOWN'
  | 'RESULT_EXPIRED'
  | 'TIMED_OUT';

/** Whether the upstream charged for the job, as far as the gateway can know. */
export type ChargeState = 'NO' | 'YES' | 'UNKNOWN';

/** A job's end without a video. */
export interface JobFailure {
  readonly code: FailureCode;
  /** One or two sentences for a person. */
  readonly message: string;
  /** Whether the same input, sent again as a new job, stands a chance. What that may cost is another matter. */
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
};

/** Builds a failure; `retryable` follows from the code. Upstreams repeat what they were sent: no secret stays in the message. */
export function jobFailure(code: FailureCode, message: string, charged: ChargeState): JobFailure {
  return { code, message: redact(message), retryable: RETRYABLE[code], charged };
}

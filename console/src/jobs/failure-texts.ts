import type { VideoJobChargeState, VideoJobFailureCode } from '@reelgate/client';

/** Short reasons why a job failed. */
export const FAILURE_TITLES: Readonly<Record<VideoJobFailureCode, string>> = {
  REJECTED: 'The input was refused',
  GENERATION_FAILED: 'The video could not be made',
  INSUFFICIENT_CREDITS: 'The account has no credits left',
  UPSTREAM_UNAUTHORIZED: 'The gateway’s API key was refused',
  MODEL_UNAVAILABLE: 'The model is no longer offered',
  UPSTREAM_UNAVAILABLE: 'The model could not be reached',
  SUBMISSION_UNKNOWN: 'The answer to the submission was lost',
  RESULT_EXPIRED: 'The result is no longer there',
  TIMED_OUT: 'It took too long',
  CANCELED: 'It was canceled',
  START_DEADLINE_PASSED: 'It could not start in time',
};

/** Whether a failed job was charged. */
export const CHARGE_TEXTS: Readonly<Record<VideoJobChargeState, string>> = {
  NO: 'It was not charged.',
  YES: 'It was charged.',
  UNKNOWN: 'It may have been charged.',
};

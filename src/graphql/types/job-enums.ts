import type { Builder } from '../builder.ts';

/** The enums of `defineJobEnums`. */
export type JobEnums = ReturnType<typeof defineJobEnums>;

/** Adds the enums that describe a job's state. */
export function defineJobEnums(builder: Builder) {
  const Status = builder.enumType('VideoJobStatus', {
    description: 'The state of a job, in the upstream’s four words.',
    values: {
      QUEUED: { description: 'Accepted; waiting to be sent, or for a worker.' },
      PROCESSING: { description: 'A worker makes the video, or the gateway fetches it.' },
      COMPLETED: { description: 'Done: `video` holds the result. Terminal.' },
      FAILED: { description: 'Ended without a video: `failure` says why. Terminal.' },
    } as const,
  });
  const Wait = builder.enumType('VideoJobWait', {
    description: 'Why a job is QUEUED.',
    values: {
      RATE_LIMIT: {
        description:
          'The gateway has used up the calls that the upstream allows; jobs are sent one after the other.',
      },
      UPSTREAM_QUEUE: { description: 'The upstream has accepted the job; it waits for a worker.' },
      UPSTREAM_UNAVAILABLE: {
        description: 'The upstream cannot be reached or refuses calls; the job is sent when it is back.',
      },
      SUBMISSION_CHECK: {
        description:
          'The answer to the submission was lost. The gateway looks for the request in the upstream’s history, for up to ten minutes; it is never sent twice.',
      },
    } as const,
  });
  const ChargeState = builder.enumType('VideoJobChargeState', {
    description: 'Whether the upstream charged for a failed job.',
    values: {
      NO: { description: 'It did not.' },
      YES: { description: 'It did.' },
      UNKNOWN: { description: 'It may have: see the upstream’s account page.' },
    } as const,
  });
  const FailureCode = builder.enumType('VideoJobFailureCode', {
    description: 'Why a job ended without a video.',
    values: {
      REJECTED: { description: 'The upstream refused the input. Nothing was made.' },
      GENERATION_FAILED: {
        description:
          'The upstream accepted the job and then reported FAILED, also for blocked content; `message` is its own error.',
      },
      INSUFFICIENT_CREDITS: { description: 'The upstream account has no credits left. Nothing was made.' },
      UPSTREAM_UNAUTHORIZED: { description: 'The upstream refused the gateway’s key. Nothing was made.' },
      MODEL_UNAVAILABLE: { description: 'The upstream no longer offers the model. Nothing was made.' },
      UPSTREAM_UNAVAILABLE: {
        description:
          'The upstream did not accept the job before the deadline: it was rate limited, failing or unreachable. Nothing was made.',
      },
      SUBMISSION_UNKNOWN: {
        description:
          'The answer to the submission was lost, and the request was not found in the upstream’s history. A job may exist upstream and be charged; it is never sent twice.',
      },
      RESULT_EXPIRED: { description: 'The upstream had accepted the job and no longer knows it.' },
      TIMED_OUT: {
        description: 'The upstream had accepted the job and it was still not done at the deadline.',
      },
      CANCELED: {
        description:
          'The job was canceled by `cancelVideoJob` before it was sent to the upstream. Nothing was made.',
      },
      START_DEADLINE_PASSED: {
        description:
          'The job was not sent to the upstream before its `startBefore`. Nothing was made. It is retryable with a later `startBefore`, or without one.',
      },
    } as const,
  });
  return { Status, Wait, ChargeState, FailureCode };
}

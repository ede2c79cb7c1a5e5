import type { VideoModel } from '../../domain/request/video-request.ts';
import type { Builder } from '../builder.ts';

/** Adds the enums that describe a job's state. */
export function defineJobEnums(builder: Builder) {
  const Status = builder.enumType('VideoJobStatus', {
    description: 'Where a job stands, in the upstream’s four words.',
    values: {
      QUEUED: { description: 'Accepted; waiting to be sent, or for a worker.' },
      PROCESSING: { description: 'A worker is on it, or its video is being fetched.' },
      COMPLETED: { description: 'Done: `video` holds the result. Terminal.' },
      FAILED: { description: 'Ended without a video: `failure` says why. Terminal.' },
    } as const,
  });
  const Wait = builder.enumType('VideoJobWait', {
    description: 'Why a job is QUEUED.',
    values: {
      RATE_LIMIT: {
        description: 'The gateway has used up the calls that the upstream allows; the job is sent in turn.',
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
      UNKNOWN: { description: 'It may have; the upstream’s account page knows.' },
    } as const,
  });
  const FailureCode = builder.enumType('VideoJobFailureCode', {
    description: 'Why a job ended without a video.',
    values: {
      REJECTED: { description: 'The upstream refused the input. Nothing was made.' },
      GENERATION_FAILED: {
        description:
          'The upstream took the job and then reported FAILED, content blocks included; `message` holds its own error.',
      },
      INSUFFICIENT_CREDITS: { description: 'The upstream account has no credits left. Nothing was made.' },
      UPSTREAM_UNAUTHORIZED: { description: 'The upstream refused the gateway’s key. Nothing was made.' },
      MODEL_UNAVAILABLE: { description: 'The upstream no longer offers the model. Nothing was made.' },
      UPSTREAM_UNAVAILABLE: {
        description:
          'The upstream took no job before the deadline: rate limited, broken or out of reach all along. Nothing was made.',
      },
      SUBMISSION_UNKNOWN: {
        description:
          'The answer to the submission was lost, and the request was not found in the upstream’s history. A job may exist upstream and be charged; it is never sent twice.',
      },
      RESULT_EXPIRED: { description: 'The upstream had accepted the job and no longer knows it.' },
      TIMED_OUT: {
        description: 'The upstream had accepted the job and it was still not done at the deadline.',
      },
    } as const,
  });
  return { Status, Wait, ChargeState, FailureCode };
}

/** Adds the enum of the model's resolutions; the internal values are pixels. */
export function defineResolution(builder: Builder, { resolutions }: VideoModel) {
  return builder.enumType('VideoJobResolution', {
    description: 'Longest side of the video.',
    values: Object.fromEntries(
      resolutions.map((pixels) => [`R${pixels}`, { value: pixels, description: `${pixels} pixels.` }]),
    ),
  });
}

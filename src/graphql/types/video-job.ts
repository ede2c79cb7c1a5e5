import type { JobFailure } from '../../domain/job/failure.ts';
import type { JobMetrics } from '../../domain/job/job.ts';
import { MAX_TEXT, MAX_URL, type VideoModel, type VideoRequest } from '../../domain/request/video-request.ts';
import type { Builder } from '../builder.ts';
import type { JobView } from './job-view.ts';

/** The types that `VideoJob` is made of. */
export type VideoJobTypes = ReturnType<typeof defineVideoJob>;

const DAY_MS = 86_400_000;
/** Values that a video's bytes count as. Its bytes are counted when it is read: only then its length is known. */
const BASE64_COST = 500;
/**
 * Bytes in JSON: `maxBytes` of a field is the longest that its value can be. A character takes up to 4, a control
 * character in a text 6 (`\\u0001`); URLs have none.
 */
const MAX_MESSAGE = 4000;
const MAX_ID = 1200;
/** For a router whose contract leaves out what is nobody's business outside. */
const INTERNAL = { directives: { tag: { name: 'internal' } } };

/** Adds `VideoJob` and what hangs on it. */
export function defineVideoJob(builder: Builder, model: VideoModel) {
  const { Status, Wait, FailureCode, ChargeState } = defineJobEnums(builder);
  const Resolution = defineResolution(builder, model);

  const Request = builder.objectRef<VideoRequest>('VideoJobRequest').implement({
    description: 'What a video is made from: the input as it was accepted, with the defaults filled in.',
    fields: (t) => ({
      image: t.expose('image', {
        type: 'URL',
        description: 'The still image that the video starts from.',
        extensions: { maxBytes: 4 * MAX_URL },
      }),
      prompt: t.exposeString('prompt', {
        description: 'What happens in the video; trimmed.',
        extensions: { maxBytes: 6 * MAX_TEXT },
      }),
      negativePrompt: t.exposeString('negativePrompt', {
        description: 'What the video should not show.',
        extensions: { maxBytes: 6 * MAX_TEXT },
      }),
      resolution: t.expose('resolution', { type: Resolution, description: 'Longest side of the video.' }),
      videoLength: t.exposeInt('videoLength', { description: 'Length of the video in whole seconds.' }),
      steps: t.exposeInt('steps', { description: 'Diffusion steps: more take longer and may look better.' }),
      seed: t.exposeInt('seed', { description: 'The same seed with the same input gives a similar video.' }),
      base64: t.exposeBoolean('base64', {
        description: 'Whether the video was asked for as base64 instead of as a URL.',
      }),
    }),
  });

  const Video = builder.objectRef<NonNullable<JobView['video']>>('GeneratedVideo').implement({
    description: 'A finished video: a URL, or the bytes as base64 when they were asked for so.',
    fields: (t) => ({
      url: t.expose('url', {
        type: 'URL',
        nullable: true,
        description: 'Where the video can be fetched until `expiresAt`; null when it comes as `base64`.',
        extensions: { maxBytes: 4 * MAX_URL },
      }),
      base64: t.string({
        nullable: true,
        description:
          'The bytes as base64, without a `data:` prefix; null when there is a `url`. Can be megabytes: an operation can ask for about 20 of them, with 32 MiB together, or for one of any size.',
        extensions: { cost: BASE64_COST, maxBytes: 0, directives: { cost: { weight: BASE64_COST } } },
        resolve: async (video, _, { services, answer }) => {
          if (!video.inline) return null;
          await answer.reserveVideo(video.byteLength ?? 0);
          return services.store.getVideoData(video.jobId);
        },
      }),
      contentType: t.exposeString('contentType', { description: 'The media type, such as `video/mp4`.' }),
      byteLength: t.exposeInt('byteLength', {
        nullable: true,
        description: 'Size of the video in bytes; null when the upstream did not tell.',
      }),
      expiresAt: t.expose('expiresAt', {
        type: 'DateTime',
        nullable: true,
        description: `When the video can no longer be had here: about ${model.fileLifetimeMs / DAY_MS} days after submission for a URL, the end of the job’s retention for base64.`,
      }),
    }),
  });

  const Metrics = builder.objectRef<JobMetrics>('VideoJobMetrics').implement({
    description: 'What the upstream told of a finished job; null where it told nothing.',
    fields: (t) => ({
      queueSeconds: t.exposeFloat('queueSeconds', {
        nullable: true,
        description: 'Seconds spent waiting for a worker.',
      }),
      inferenceSeconds: t.exposeFloat('inferenceSeconds', {
        nullable: true,
        description: 'Seconds spent generating.',
      }),
      costUsd: t.exposeFloat('costUsd', {
        nullable: true,
        description: 'What the job cost, in US dollars.',
        extensions: INTERNAL,
      }),
    }),
  });

  const Failure = builder.objectRef<JobFailure>('VideoJobFailure').implement({
    description: 'Why a job ended without a video.',
    fields: (t) => ({
      code: t.expose('code', { type: FailureCode, description: 'The reason, for programs.' }),
      message: t.exposeString('message', {
        description: 'The reason, for people; the upstream’s own words where it gave any.',
        extensions: { maxBytes: MAX_MESSAGE },
      }),
      retryable: t.exposeBoolean('retryable', {
        description:
          'Whether the same input, sent as a new job, stands a chance. Look at `charged` first: a new job has its own price, and needs a new idempotency key.',
      }),
      charged: t.expose('charged', {
        type: ChargeState,
        description: 'Whether the upstream charged for the job, as far as can be known.',
      }),
    }),
  });

  const VideoJob = builder.objectRef<JobView>('VideoJob').implement({
    description: 'One image-to-video job, from acceptance to its video or its failure.',
    extensions: { directives: { key: { fields: 'id' } } },
    fields: (t) => ({
      id: t.exposeID('id', { description: 'Opaque; ids of later jobs sort after those of earlier ones.' }),
      version: t.exposeInt('version', {
        description:
          'Rises by one with every stored change: of two readings the one with the higher version is newer.',
      }),
      status: t.expose('status', { type: Status, description: 'Where the job stands.' }),
      waitingFor: t.expose('waitingFor', {
        type: Wait,
        nullable: true,
        description: 'Why the job is QUEUED; null when it is not, and while it is being sent.',
      }),
      isTerminal: t.exposeBoolean('isTerminal', {
        description: 'True once the job is COMPLETED or FAILED: it will never change again.',
      }),
      request: t.expose('request', {
        type: Request,
        description: 'The input as accepted.',
      }),
      createdAt: t.expose('createdAt', {
        type: 'DateTime',
        description: 'When the gateway accepted the job.',
      }),
      submittedAt: t.expose('submittedAt', {
        type: 'DateTime',
        nullable: true,
        description: 'When the upstream accepted the job; null until then.',
      }),
      startedAt: t.expose('startedAt', {
        type: 'DateTime',
        nullable: true,
        description:
          'About when the upstream began to work on it, estimated between two polls; null until that was seen. A COMPLETED job always has it.',
      }),
      finishedAt: t.expose('finishedAt', {
        type: 'DateTime',
        nullable: true,
        description: 'When the job became terminal; null until then.',
      }),
      progress: t.exposeFloat('progress', {
        description:
          'Estimated share of the work that is done, from 0 to 1, learned from earlier jobs; 1 only when COMPLETED. It never falls. Past the expected time it approaches 1 ever more slowly.',
      }),
      estimatedCompletionAt: t.expose('estimatedCompletionAt', {
        type: 'DateTime',
        nullable: true,
        description:
          'When the job is as likely to be done as not, learned from earlier jobs: always in the future, and further ahead the longer it is overdue. For a job that waits for the rate limit it includes the wait, as the jobs before it make it. Null when terminal, and while nothing is known.',
      }),
      upstreamRequestId: t.exposeString('upstreamRequestId', {
        nullable: true,
        description: 'The upstream’s own id of the job, for its support; null until it accepted the job.',
        extensions: { ...INTERNAL, maxBytes: MAX_ID },
      }),
      metrics: t.expose('metrics', {
        type: Metrics,
        nullable: true,
        description: 'What the upstream told of the finished job.',
      }),
      video: t.expose('video', {
        type: Video,
        nullable: true,
        description: 'The video, when COMPLETED.',
      }),
      failure: t.expose('failure', {
        type: Failure,
        nullable: true,
        description: 'What went wrong, when FAILED.',
      }),
    }),
  });

  return { VideoJob, Status, Resolution };
}

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

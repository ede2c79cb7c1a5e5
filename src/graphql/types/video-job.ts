import type { JobFailure } from '../../domain/job/failure.ts';
import type { JobMetrics } from '../../domain/job/job.ts';
import { MAX_TEXT, MAX_URL, type VideoModel, type VideoRequest } from '../../domain/request/video-request.ts';
import { MAX_ENDPOINTS } from '../../domain/webhooks.ts';
import { type Builder, INTERNAL, SHAREABLE } from '../builder.ts';
import { defineJobEnums, type JobEnums } from './job-enums.ts';
import type { JobView } from './job-view.ts';
import type { VideoView } from './video-view.ts';
import { defineWebhookDelivery } from './webhook-delivery.ts';

/** The types that `VideoJob` is made of. */
export type VideoJobTypes = ReturnType<typeof defineVideoJob>;

const DAY_MS = 86_400_000;
/** How many values a video as base64 counts as. Its bytes are counted when it is read, as its length is not known before. */
const BASE64_COST = 500;
/** How many values the deliveries of a job count as, in addition to those in the list: the store is asked for them. */
const DELIVERIES_COST = 5;
/** One to the job's own URL, and one to each endpoint. */
const MAX_DELIVERIES = 1 + MAX_ENDPOINTS;
/**
 * `maxBytes` of a field is the largest size of its value in JSON. A character takes up to 4 bytes; a control character 6
 * (`\\u0001`), but URLs have none.
 */
const MAX_MESSAGE = 4000;
const MAX_ID = 1200;

/** Adds `VideoJob` and the types of its fields. */
export function defineVideoJob(builder: Builder, model: VideoModel) {
  const { Status, Wait, FailureCode, ChargeState } = defineJobEnums(builder);
  const Resolution = defineResolution(builder, model);
  const Request = defineRequest(builder, Resolution);
  const Video = defineVideo(builder, model);
  const Metrics = defineMetrics(builder);
  const Failure = defineFailure(builder, FailureCode, ChargeState);
  const WebhookDelivery = defineWebhookDelivery(builder);

  const VideoJob = builder.objectRef<JobView>('VideoJob').implement({
    description: 'One image-to-video job, from acceptance to its video or its failure.',
    extensions: { directives: { key: { fields: 'id' }, ...SHAREABLE.directives } },
    fields: (t) => ({
      id: t.exposeID('id', { description: 'Opaque; ids of later jobs sort after those of earlier ones.' }),
      version: t.exposeInt('version', {
        description:
          'Rises by one with every stored change: of two copies of a job the one with the higher version is newer.',
      }),
      status: t.expose('status', { type: Status, description: 'The state of the job.' }),
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
      startBefore: t.expose('startBefore', {
        type: 'DateTime',
        nullable: true,
        description:
          'The start deadline of the input: a job that is not sent by then ends with START_DEADLINE_PASSED. Null: none.',
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
          'About when the upstream began to work on it, estimated between two polls; null until then. A COMPLETED job always has it.',
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
      estimatedSubmissionAt: t.expose('estimatedSubmissionAt', {
        type: 'DateTime',
        nullable: true,
        description:
          'About when a job that waits for the rate limit is sent to the upstream, estimated from the jobs before it: never in the past. Null for all other jobs.',
      }),
      estimatedCompletionAt: t.expose('estimatedCompletionAt', {
        type: 'DateTime',
        nullable: true,
        description:
          'When the job is probably done (the median), learned from earlier jobs: always in the future, and further ahead the longer it is overdue. For a job that waits for the rate limit it includes the wait for the jobs before it. Null when terminal, and while nothing is known.',
      }),
      upstreamRequestId: t.exposeString('upstreamRequestId', {
        nullable: true,
        description: 'The upstream’s own id of the job, for its support; null until it has accepted the job.',
        extensions: { ...INTERNAL, maxBytes: MAX_ID },
      }),
      metrics: t.expose('metrics', {
        type: Metrics,
        nullable: true,
        description: 'What the upstream reported about the finished job.',
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
      webhookDeliveries: t.field({
        type: [WebhookDelivery],
        description: `The messages about the end of the job, to its \`webhookUrl\` and to the endpoints of its owner, at most ${MAX_DELIVERIES}; empty until then. A subscription does not send their changes. Needs the scope \`video:read\`, and is refused with code FORBIDDEN without it and for a job token.`,
        extensions: {
          cost: DELIVERIES_COST,
          maxLength: MAX_DELIVERIES,
          directives: {
            ...INTERNAL.directives,
            cost: { weight: DELIVERIES_COST },
            listSize: { assumedSize: MAX_DELIVERIES },
          },
        },
        resolve: ({ id }, _, { jobs }) => jobs.deliveriesOf(id),
      }),
    }),
  });

  return { VideoJob, Status, Resolution, WebhookDelivery };
}

function defineRequest(builder: Builder, Resolution: ReturnType<typeof defineResolution>) {
  return builder.objectRef<VideoRequest>('VideoJobRequest').implement({
    description: 'The input as it was accepted, with the defaults filled in.',
    extensions: SHAREABLE,
    fields: (t) => ({
      image: t.expose('image', {
        type: 'URL',
        description: 'The still image that the video starts from.',
        extensions: { maxBytes: 4 * MAX_URL },
      }),
      prompt: t.exposeString('prompt', {
        description: 'What happens in the video, trimmed.',
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
        description: 'Whether the video was requested as base64.',
      }),
    }),
  });
}

function defineVideo(builder: Builder, model: VideoModel) {
  return builder.objectRef<VideoView>('GeneratedVideo').implement({
    description: 'A finished video.',
    extensions: SHAREABLE,
    fields: (t) => ({
      url: t.expose('url', {
        type: 'URL',
        nullable: true,
        description:
          'Where the video can be fetched until `expiresAt`. While the gateway keeps videos it is the gateway’s own: it stays the same, supports ranges, and anyone with it can fetch the video, so keep it secret; `?download` makes browsers save the file. Otherwise it is the upstream’s, and null when there is `base64`.',
        extensions: { maxBytes: 4 * MAX_URL },
      }),
      base64: t.string({
        nullable: true,
        description:
          'The bytes as base64, without a `data:` prefix; null unless that was requested. Can be megabytes: one operation can select about 20 videos with 32 MiB together, or one of any size.',
        extensions: { cost: BASE64_COST, maxBytes: 0, directives: { cost: { weight: BASE64_COST } } },
        resolve: async (video, _, { services, answer }) => {
          if (!video.inline) return null;
          await answer.reserveVideo(video.byteLength ?? 0);
          return services.readVideoData(video.jobId);
        },
      }),
      contentType: t.exposeString('contentType', { description: 'The media type, such as `video/mp4`.' }),
      byteLength: t.exposeInt('byteLength', {
        nullable: true,
        description: 'Size of the video in bytes; null when the upstream did not report it.',
      }),
      expiresAt: t.expose('expiresAt', {
        type: 'DateTime',
        nullable: true,
        description: `When the video expires: at the end of the job’s retention, or when the job is deleted. For a URL of the upstream: about ${model.fileLifetimeMs / DAY_MS} days after submission.`,
      }),
    }),
  });
}

function defineMetrics(builder: Builder) {
  return builder.objectRef<JobMetrics>('VideoJobMetrics').implement({
    description: 'What the upstream reported about a finished job; null where it reported nothing.',
    extensions: SHAREABLE,
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
}

function defineFailure(
  builder: Builder,
  FailureCode: JobEnums['FailureCode'],
  ChargeState: JobEnums['ChargeState'],
) {
  return builder.objectRef<JobFailure>('VideoJobFailure').implement({
    description: 'Why a job ended without a video.',
    extensions: SHAREABLE,
    fields: (t) => ({
      code: t.expose('code', { type: FailureCode, description: 'The reason, for programs.' }),
      message: t.exposeString('message', {
        description: 'The reason, for people; in the upstream’s own words if it gave any.',
        extensions: { maxBytes: MAX_MESSAGE },
      }),
      retryable: t.exposeBoolean('retryable', {
        description:
          'Whether the same input may succeed as a new job. Look at `charged` first: a new job has its own price and needs a new idempotency key.',
      }),
      charged: t.expose('charged', {
        type: ChargeState,
        description: 'Whether the upstream charged for the job, as far as is known.',
      }),
    }),
  });
}

/** Adds the enum of the model's resolutions; the internal values are pixels. */
function defineResolution(builder: Builder, { resolutions }: VideoModel) {
  return builder.enumType('VideoJobResolution', {
    description: 'Longest side of the video.',
    values: Object.fromEntries(
      resolutions.map((pixels) => [`R${pixels}`, { value: pixels, description: `${pixels} pixels.` }]),
    ),
  });
}

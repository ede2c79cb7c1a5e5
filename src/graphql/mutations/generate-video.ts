import type { Caller } from '../../domain/caller.ts';
import { idempotencyShard } from '../../domain/job/job-id.ts';
import { newJob, type Job } from '../../domain/job/job.ts';
import { type InputIssue, requestFingerprint, type VideoModel } from '../../domain/request/video-request.ts';
import { emitJobChange } from '../../events/job-changes.ts';
import { type Builder, INTERNAL } from '../builder.ts';
import type { ClientUrls } from '../client-urls.ts';
import { requireOwner, type GraphQLContext } from '../context.ts';
import type { VideoJobTypes } from '../types/video-job.ts';
import {
  defineGenerateVideoResult,
  type GenerateVideoOutcome,
  type ReachedLimit,
} from './generate-video-result.ts';

/** The cost of a call, for the endpoint's own limit and for routers. */
const GENERATE_COST = 100;
const IMAGE =
  'The still image to start from: an http or https URL of at most 2,048 characters that the upstream can fetch, so not on a host of a private network.';

/** What `generateVideo` is defined for. */
export interface GenerateVideoOptions {
  readonly model: VideoModel;
  /** Whether the schema has `uploadImage`. */
  readonly uploads: boolean;
}

/** Adds `Mutation` with `generateVideo`. */
export function defineGenerateVideo(
  builder: Builder,
  { VideoJob, Resolution }: VideoJobTypes,
  options: GenerateVideoOptions,
): void {
  const Input = defineInput(builder, Resolution, options);
  const Result = defineGenerateVideoResult(builder, VideoJob);
  builder.mutationType({
    description: 'Creates, cancels and deletes jobs; creates job tokens and images; sends webhooks again.',
    fields: (t) => ({
      generateVideo: t.field({
        type: Result,
        nullable: true,
        description:
          'Stores a job durably and answers at once; the video takes about a minute. Costs money upstream.',
        extensions: { cost: GENERATE_COST, directives: { cost: { weight: GENERATE_COST } } },
        args: { input: t.arg({ type: Input, required: true, description: 'What to make a video from.' }) },
        resolve: (_, { input }, context) =>
          generateVideo(context, input, {
            startBefore: input.startBefore?.getTime() ?? null,
            webhookUrl: input.webhookUrl?.trim() ?? null,
          }),
      }),
    }),
  });
}

function defineInput(
  builder: Builder,
  Resolution: VideoJobTypes['Resolution'],
  { model: { defaults, videoLength, steps }, uploads }: GenerateVideoOptions,
) {
  return builder.inputType('GenerateVideoInput', {
    description: 'The input for a video. Null means the default.',
    fields: (t) => ({
      image: t.field({
        type: 'URL',
        required: true,
        description: uploads ? `${IMAGE} \`uploadImage\` makes one of a local file.` : IMAGE,
      }),
      prompt: t.string({
        required: true,
        description: 'What happens in the video: 1 to 2,000 characters. White space at its ends is removed.',
      }),
      negativePrompt: t.string({
        defaultValue: defaults.negativePrompt,
        description: 'What the video should not show: at most 2,000 characters.',
      }),
      resolution: t.field({
        type: Resolution,
        defaultValue: defaults.resolution,
        description: 'Longest side of the video.',
      }),
      videoLength: t.int({
        defaultValue: defaults.videoLength,
        description: `Length of the video in whole seconds, ${videoLength.min} to ${videoLength.max}.`,
      }),
      steps: t.int({
        defaultValue: defaults.steps,
        description: `Diffusion steps, ${steps.min} to ${steps.max}: more take longer and may look better.`,
      }),
      seed: t.int({
        defaultValue: defaults.seed,
        description: 'The same seed with the same input gives a similar video.',
      }),
      base64: t.boolean({
        defaultValue: defaults.base64,
        description:
          'Request the video as base64, stored by the gateway. It has no URL then, unless the gateway keeps videos.',
      }),
      idempotencyKey: t.string({
        description:
          '1 to 128 characters that identify this request: the same key within 24 hours gives the same job instead of a second one. Use a new UUID for each press of a button, and the same for its retries.',
      }),
      startBefore: t.field({
        type: 'DateTime',
        description:
          'The start deadline, in the future: a job that is not sent to the upstream by then ends with START_DEADLINE_PASSED, uncharged. It is not part of the request: the same idempotency key with another time gives the same job, unchanged.',
      }),
      webhookUrl: t.field({
        type: 'URL',
        // A message has every field of the job, those with the same mark too.
        extensions: INTERNAL,
        description:
          'An https URL of at most 2,048 characters, to which the gateway posts the job when it ends: signed, and for three days again until it is accepted. An invalid input where the gateway has no webhooks, or does not send them to this URL. Like `startBefore` it is not part of the request.',
      }),
    }),
  });
}

const REMOVED_KEY: InputIssue = {
  path: ['idempotencyKey'],
  message: 'belongs to a job that was deleted. Use another key to create another job.',
};
const PAST_START: InputIssue = { path: ['startBefore'], message: 'must be in the future' };

/** What the input says beside the request: it is not part of the fingerprint. */
type Options = Pick<Job, 'startBefore' | 'webhookUrl'>;

/**
 * Counts the call, checks the input and stores the job as accepted. It waits for no upstream.
 *
 * @throws StoreUnavailableError when the call could not be counted or the job could not be stored; GraphQLError when the caller lacks
 *   the right
 */
async function generateVideo(
  { services, caller, media, traceparent }: GraphQLContext,
  input: unknown,
  { startBefore, webhookUrl: givenUrl }: Options,
): Promise<GenerateVideoOutcome> {
  requireOwner(caller, 'video:generate');
  const { ownerId } = caller;
  const waitMs = await services.ownerRate.take(ownerId);
  if (waitMs !== null) return capacityExceeded('rate', waitMs);
  const own = withUpstreamImage(input, media);
  const parsed = services.parseRequest(own ?? input, own !== null || services.privateImages);
  const now = services.clock.now();
  const late = startBefore !== null && startBefore <= now ? [PAST_START] : [];
  const refusal = givenUrl === null ? null : services.webhookRefusalOf(givenUrl);
  const refused: InputIssue[] = refusal === null ? [] : [{ path: ['webhookUrl'], message: refusal }];
  const issues = [...late, ...refused];
  if (!parsed.ok) return { type: 'GenerateVideoInvalidInput', issues: [...parsed.issues, ...issues] };
  const { idempotencyKey } = parsed;
  if (issues.length > 0 && idempotencyKey === null) return { type: 'GenerateVideoInvalidInput', issues };
  const shard = idempotencyKey === null ? undefined : idempotencyShard(ownerId, idempotencyKey);
  const id = services.newJobId(now, shard);
  const webhookUrl = givenUrl === null ? null : normalizedUrl(givenUrl);
  const options = { startBefore, webhookUrl, traceparent };
  const job = newJob(id, ownerId, parsed.request, now, services.deadlineMs, options);
  const outcome = await services.store.create({
    job,
    idempotencyKey,
    fingerprint: requestFingerprint(parsed.request),
    limits: services.limits,
    // A repeated call gets its job also after the start deadline, and after a change of the settings of webhooks.
    mayCreate: issues.length === 0,
  });
  switch (outcome.type) {
    case 'created':
      emitJobChange(services.events, null, job);
      return { type: 'GenerateVideoSuccess', job, deduplicated: false };
    case 'duplicate':
      return { type: 'GenerateVideoSuccess', job: visibleDuplicate(caller, outcome.job), deduplicated: true };
    case 'conflict':
      return { type: 'GenerateVideoIdempotencyConflict', job: outcome.job };
    case 'unknown':
      return { type: 'GenerateVideoInvalidInput', issues };
    case 'removed':
      return { type: 'GenerateVideoInvalidInput', issues: [REMOVED_KEY] };
    case 'refused':
      return capacityExceeded(outcome.limit, outcome.retryAfterMs);
  }
}

/** As URLs of endpoints are stored, so that equal URLs are one target. A refused text need not be a URL. */
function normalizedUrl(text: string): string {
  return URL.parse(text)?.href ?? text;
}

/** A caller without the scope to read gets the job as it was accepted, like in the first answer. */
function visibleDuplicate({ scopes }: Caller, job: Job): Job {
  if (scopes.has('video:read')) return job;
  const { id, ownerId, request, createdAt, deadlineAt } = job;
  return newJob(id, ownerId, request, createdAt, deadlineAt - createdAt, job);
}

function capacityExceeded(reason: ReachedLimit, retryAfterMs: number): GenerateVideoOutcome {
  const retryAfterSeconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  return { type: 'GenerateVideoCapacityExceeded', reason, retryAfterSeconds };
}

/** Replaces the gateway's own URL of an image by the upstream's. @returns null when the image is not a file of the upstream */
function withUpstreamImage(input: unknown, media: ClientUrls | null): object | null {
  if (media === null || typeof input !== 'object' || input === null || !('image' in input)) return null;
  const image = typeof input.image === 'string' ? media.toUpstream(input.image.trim()) : null;
  return image === null ? null : { ...input, image };
}

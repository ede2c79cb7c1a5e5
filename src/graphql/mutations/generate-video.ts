import type { Caller } from '../../domain/caller.ts';
import { idempotencyShard } from '../../domain/job/job-id.ts';
import { newJob, type Job } from '../../domain/job/job.ts';
import type { MediaUrls } from '../../domain/local-media.ts';
import { type InputIssue, type VideoModel, requestFingerprint } from '../../domain/request/video-request.ts';
import type { JobLimits } from '../../store/job-limits.ts';
import type { Builder } from '../builder.ts';
import { requireOwner, type GraphQLContext } from '../context.ts';
import { forbidden } from '../errors.ts';
import { JobView } from '../types/job-view.ts';
import type { VideoJobTypes } from '../types/video-job.ts';

type Outcome<T extends GenerateVideoOutcome['type']> = Extract<GenerateVideoOutcome, { type: T }>;
type Limit = Outcome<'GenerateVideoCapacityExceeded'>['reason'];

/** The cost of a call, for the endpoint's own limit and for routers. */
const GENERATE_COST = 100;
const CONFLICT_UNREADABLE =
  'This idempotency key was used with another input. Reading the job of that input needs the scope video:read.';

/** The expected outcomes of `generateVideo`. */
type GenerateVideoOutcome =
  | { readonly type: 'GenerateVideoSuccess'; readonly job: Job; readonly deduplicated: boolean }
  | { readonly type: 'GenerateVideoInvalidInput'; readonly issues: readonly InputIssue[] }
  | { readonly type: 'GenerateVideoIdempotencyConflict'; readonly job: Job }
  | {
      readonly type: 'GenerateVideoCapacityExceeded';
      /** The limit that is used up; `rate` is that of the owner's calls. */
      readonly reason: keyof JobLimits | 'rate';
      /** At least 1. */
      readonly retryAfterSeconds: number;
    };

/** Adds `Mutation` with `generateVideo`. */
export function defineGenerateVideo(
  builder: Builder,
  { VideoJob, Resolution }: VideoJobTypes,
  model: VideoModel,
): void {
  const Input = defineInput(builder, Resolution, model);
  const Result = defineResult(builder, VideoJob);
  builder.mutationType({
    description: 'Creates jobs, job tokens and images.',
    fields: (t) => ({
      generateVideo: t.field({
        type: Result,
        nullable: true,
        description:
          'Stores a job durably and answers at once; the video takes about a minute. Costs money upstream.',
        extensions: { cost: GENERATE_COST, directives: { cost: { weight: GENERATE_COST } } },
        args: { input: t.arg({ type: Input, required: true, description: 'What to make a video from.' }) },
        resolve: (_, { input }, context) => generateVideo(context, input),
      }),
    }),
  });
}

function defineInput(
  builder: Builder,
  Resolution: VideoJobTypes['Resolution'],
  { defaults, videoLength, steps }: VideoModel,
) {
  return builder.inputType('GenerateVideoInput', {
    description: 'The input for a video. Null means the default.',
    fields: (t) => ({
      image: t.field({
        type: 'URL',
        required: true,
        description:
          'The still image to start from: an http or https URL of at most 2,048 characters that the upstream can fetch, so not on a host of a private network. `uploadImage` makes one of a local file.',
      }),
      prompt: t.string({
        required: true,
        description: 'What happens in the video: 1 to 2,000 characters after trimming.',
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
        description: 'Request the video as base64, stored by the gateway, instead of a URL.',
      }),
      idempotencyKey: t.string({
        description:
          '1 to 128 characters that identify this request: the same key within 24 hours gives the same job instead of a second one. Use a new UUID for each press of a button, and the same for its retries.',
      }),
    }),
  });
}

function defineResult(builder: Builder, VideoJob: VideoJobTypes['VideoJob']) {
  const Success = builder.objectRef<Outcome<'GenerateVideoSuccess'>>('GenerateVideoSuccess').implement({
    description: 'The job was accepted: it is stored and will end, even if this connection is lost.',
    fields: (t) => ({
      job: t.field({
        type: VideoJob,
        description: 'The job. Watch it with `videoJobUpdated`.',
        resolve: ({ job }, _, { services, media }) => new JobView(job, services.clock.now(), media),
      }),
      deduplicated: t.exposeBoolean('deduplicated', {
        description:
          'True when the idempotency key was used before with the same input: this is that job. Callers without the scope `video:read` get it as it was accepted.',
      }),
    }),
  });

  const ErrorInterface = builder.interfaceRef<GenerateVideoOutcome>('GenerateVideoError').implement({
    description: 'Why no job was created.',
    fields: (t) => ({
      code: t.string({
        description: 'The reason, for programs.',
        resolve: (outcome) => detailsOf(outcome).code,
      }),
      message: t.string({
        description: 'The reason, for people.',
        extensions: { maxBytes: 200 },
        resolve: (outcome) => detailsOf(outcome).message,
      }),
    }),
  });

  const Issue = builder.objectRef<InputIssue>('GenerateVideoInputIssue').implement({
    description: 'One fault of the input.',
    fields: (t) => ({
      path: t.stringList({
        extensions: { maxBytes: 200 },
        description: 'Where in the input, such as `["prompt"]`.',
        resolve: ({ path }) => [...path],
      }),
      message: t.exposeString('message', {
        description: 'What is wrong, for people.',
        extensions: { maxBytes: 500 },
      }),
    }),
  });

  const InvalidInput = builder
    .objectRef<Outcome<'GenerateVideoInvalidInput'>>('GenerateVideoInvalidInput')
    .implement({
      interfaces: [ErrorInterface],
      description: 'The input is invalid. Nothing was stored or sent.',
      fields: (t) => ({
        issues: t.field({
          type: [Issue],
          description: 'Every fault of the input.',
          resolve: ({ issues }) => [...issues],
        }),
      }),
    });

  const Conflict = builder
    .objectRef<Outcome<'GenerateVideoIdempotencyConflict'>>('GenerateVideoIdempotencyConflict')
    .implement({
      interfaces: [ErrorInterface],
      description: 'The idempotency key was used before, with another input. Nothing was stored or sent.',
      fields: (t) => ({
        job: t.field({
          type: VideoJob,
          description:
            'The job of the key. It needs the scope `video:read`; without it the whole result is refused with code FORBIDDEN.',
          resolve: ({ job }, _, { services, caller, media }) => {
            if (!caller.scopes.has('video:read')) throw forbidden(CONFLICT_UNREADABLE);
            return new JobView(job, services.clock.now(), media);
          },
        }),
      }),
    });

  const CapacityExceeded = builder
    .objectRef<Outcome<'GenerateVideoCapacityExceeded'>>('GenerateVideoCapacityExceeded')
    .implement({
      interfaces: [ErrorInterface],
      description:
        'A limit is reached. `code` names it: `CAPACITY_EXCEEDED` and `OWNER_CAPACITY_EXCEEDED` for unfinished jobs, `DAILY_LIMIT_REACHED` and `OWNER_DAILY_LIMIT_REACHED` for jobs of the last 24 hours, `RATE_LIMITED` for calls per minute. Nothing was stored or sent.',
      fields: (t) => ({
        retryAfterSeconds: t.exposeInt('retryAfterSeconds', {
          description: 'In how many seconds to try again, at least 1.',
        }),
      }),
    });

  return builder.unionType('GenerateVideoResult', {
    description:
      'The job, or why there is none. `... on GenerateVideoError { code message }` covers every refusal.',
    types: [Success, InvalidInput, Conflict, CapacityExceeded],
    resolveType: ({ type }) => type,
  });
}

interface Details {
  readonly code: string;
  readonly message: string;
}

function detailsOf(outcome: GenerateVideoOutcome): Details {
  return DETAILS['reason' in outcome ? outcome.reason : outcome.type];
}

const DETAILS: Readonly<
  Record<Exclude<GenerateVideoOutcome['type'], 'GenerateVideoCapacityExceeded'> | Limit, Details>
> = {
  GenerateVideoSuccess: { code: 'ACCEPTED', message: 'The job was accepted.' },
  GenerateVideoInvalidInput: {
    code: 'INVALID_INPUT',
    message: 'The input is invalid: `issues` names every fault.',
  },
  GenerateVideoIdempotencyConflict: {
    code: 'IDEMPOTENCY_CONFLICT',
    message: 'This idempotency key was used within the last 24 hours with another input.',
  },
  unfinished: {
    code: 'CAPACITY_EXCEEDED',
    message: 'The gateway has reached its limit of unfinished jobs. Try again later.',
  },
  unfinishedPerOwner: {
    code: 'OWNER_CAPACITY_EXCEEDED',
    message: 'You have reached the limit of unfinished jobs per owner. Wait until one of them ends.',
  },
  perDay: {
    code: 'DAILY_LIMIT_REACHED',
    message: 'The gateway has reached its limit of jobs in 24 hours. Try again later.',
  },
  perDayPerOwner: {
    code: 'OWNER_DAILY_LIMIT_REACHED',
    message: 'You have reached the limit of jobs per owner in 24 hours. Try again later.',
  },
  rate: {
    code: 'RATE_LIMITED',
    message: 'You have reached the limit of calls of generateVideo per minute. Try again later.',
  },
};

/**
 * Counts the call, checks the input and stores the job as accepted. It waits for no upstream.
 *
 * @throws StoreUnavailableError when the call could not be counted or the job could not be stored; GraphQLError when the caller lacks
 *   the right
 */
async function generateVideo(
  { services, caller, media }: GraphQLContext,
  input: unknown,
): Promise<GenerateVideoOutcome> {
  requireOwner(caller, 'video:generate');
  const { ownerId } = caller;
  const waitMs = await services.ownerRate.take(ownerId);
  if (waitMs !== null) return capacityExceeded('rate', waitMs);
  const own = withUpstreamImage(input, media);
  const parsed = services.parseRequest(own ?? input, own !== null || services.privateImages);
  if (!parsed.ok) return { type: 'GenerateVideoInvalidInput', issues: parsed.issues };
  const now = services.clock.now();
  const { idempotencyKey } = parsed;
  const shard = idempotencyKey === null ? undefined : idempotencyShard(ownerId, idempotencyKey);
  const job = newJob(services.newJobId(now, shard), ownerId, parsed.request, now, services.deadlineMs);
  const outcome = await services.store.create({
    job,
    idempotencyKey,
    fingerprint: requestFingerprint(parsed.request),
    limits: services.limits,
  });
  switch (outcome.type) {
    case 'created':
      return { type: 'GenerateVideoSuccess', job, deduplicated: false };
    case 'duplicate':
      return { type: 'GenerateVideoSuccess', job: visibleDuplicate(caller, outcome.job), deduplicated: true };
    case 'conflict':
      return { type: 'GenerateVideoIdempotencyConflict', job: outcome.job };
    case 'refused':
      return capacityExceeded(outcome.limit, outcome.retryAfterMs);
  }
}

/** A caller without the scope to read gets the job as it was accepted, like in the first answer. */
function visibleDuplicate({ scopes }: Caller, job: Job): Job {
  if (scopes.has('video:read')) return job;
  return newJob(job.id, job.ownerId, job.request, job.createdAt, job.deadlineAt - job.createdAt);
}

function capacityExceeded(reason: Limit, retryAfterMs: number): GenerateVideoOutcome {
  const retryAfterSeconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  return { type: 'GenerateVideoCapacityExceeded', reason, retryAfterSeconds };
}

/** Replaces the gateway's own URL of an image by the upstream's. @returns null when the image is not a file of the upstream */
function withUpstreamImage(input: unknown, media: MediaUrls | null): object | null {
  if (media === null || typeof input !== 'object' || input === null || !('image' in input)) return null;
  const image = typeof input.image === 'string' ? media.toUpstream(input.image.trim()) : null;
  return image === null ? null : { ...input, image };
}

import type { Job } from '../../domain/job/job.ts';
import type { InputIssue } from '../../domain/request/video-request.ts';
import type { JobLimits } from '../../store/job-limits.ts';
import type { Builder } from '../builder.ts';
import { forbidden } from '../errors.ts';
import { JobView } from '../types/job-view.ts';
import type { VideoJobTypes } from '../types/video-job.ts';

const CONFLICT_UNREADABLE =
  'This idempotency key was used with another input. Reading the job of that input needs the scope video:read.';

/** The expected outcomes of `generateVideo`. */
export type GenerateVideoOutcome =
  | { readonly type: 'GenerateVideoSuccess'; readonly job: Job; readonly deduplicated: boolean }
  | { readonly type: 'GenerateVideoInvalidInput'; readonly issues: readonly InputIssue[] }
  | { readonly type: 'GenerateVideoIdempotencyConflict'; readonly job: Job }
  | {
      readonly type: 'GenerateVideoCapacityExceeded';
      readonly reason: ReachedLimit;
      /** At least 1. */
      readonly retryAfterSeconds: number;
    };

/** The limit that is used up; `rate` is that of the owner's calls. */
export type ReachedLimit = keyof JobLimits | 'rate';

type Outcome<T extends GenerateVideoOutcome['type']> = Extract<GenerateVideoOutcome, { type: T }>;

/** Adds the union `GenerateVideoResult` and its types. */
export function defineGenerateVideoResult(builder: Builder, VideoJob: VideoJobTypes['VideoJob']) {
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
  Record<Exclude<GenerateVideoOutcome['type'], 'GenerateVideoCapacityExceeded'> | ReachedLimit, Details>
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

import type { Builder } from '../builder.ts';
import { requireOwner, type GraphQLContext } from '../context.ts';
import {
  notFound,
  type VideoJobNotFound,
  type VideoJobNotFoundRef,
} from '../mutations/video-job-not-found.ts';
import { explainWaits, type GatewayJobTypes } from './gateway-job.ts';
import { type GatewayJob, mayRetryNow } from './job-wait.ts';

/** How many values a call counts as: it causes a call to the upstream. */
const RETRY_COST = 100;

type RetryOutcome =
  | { readonly type: 'RetryVideoJobNowSuccess'; readonly job: GatewayJob }
  | { readonly type: 'RetryVideoJobNowUnchanged'; readonly job: GatewayJob }
  | VideoJobNotFound;
type Outcome<T extends RetryOutcome['type']> = Extract<RetryOutcome, { type: T }>;

/** Adds `retryVideoJobNow` to `Mutation`. */
export function defineRetryVideoJobNow(
  builder: Builder,
  { Job }: Pick<GatewayJobTypes, 'Job'>,
  NotFound: VideoJobNotFoundRef,
): void {
  const Success = builder.objectRef<Outcome<'RetryVideoJobNowSuccess'>>('RetryVideoJobNowSuccess').implement({
    description: 'The job is due now. The rate limit and the circuit breaker still apply.',
    fields: (t) => ({
      job: t.expose('job', { type: Job, description: 'The job with its new schedule.' }),
    }),
  });
  const Unchanged = builder
    .objectRef<Outcome<'RetryVideoJobNowUnchanged'>>('RetryVideoJobNowUnchanged')
    .implement({
      description: 'The job is not paused because of failed calls, so nothing was changed.',
      fields: (t) => ({
        job: t.expose('job', { type: Job, description: 'The job and what it waits for.' }),
        message: t.string({
          description: 'Why nothing was changed, for people.',
          extensions: { maxBytes: 500 },
          resolve: ({ job: { reason } }) => `The job is not paused by failed calls. ${reason}`,
        }),
      }),
    });
  const Result = builder.unionType('RetryVideoJobNowResult', {
    description: 'The job that is due now, or why it is not.',
    types: [Success, Unchanged, NotFound],
    resolveType: ({ type }) => type,
  });
  builder.mutationFields((t) => ({
    retryVideoJobNow: t.field({
      type: Result,
      nullable: true,
      description:
        'Ends the pause of a job whose last calls failed. It takes the job from no poller, and a job is never sent twice because of it. Needs the scope `gateway:admin`.',
      extensions: { cost: RETRY_COST },
      args: { id: t.arg.id({ required: true, description: 'The job’s id.' }) },
      resolve: (_, { id }, context) => retryNow(context, id),
    }),
  }));
}

/** @throws StoreUnavailableError; GraphQLError with code FORBIDDEN */
async function retryNow({ services, caller }: GraphQLContext, id: string): Promise<RetryOutcome> {
  requireOwner(caller, 'gateway:admin');
  const { operator, clock } = services;
  const now = clock.now();
  const found = await operator.actions.findScheduled(id, now);
  if (found === null) return notFound(id);
  const isDue = mayRetryNow(found, now) && (await operator.actions.makeDue(found, now));
  const [job] = await explainWaits(services, [isDue ? { ...found, runAt: now } : found]);
  if (job === undefined) return notFound(id);
  return { type: isDue ? 'RetryVideoJobNowSuccess' : 'RetryVideoJobNowUnchanged', job };
}

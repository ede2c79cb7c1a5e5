import { isFinal, type Job } from '../../domain/job/job.ts';
import { jobStatus } from '../../domain/job/projection.ts';
import type { Builder } from '../builder.ts';
import { requireOwner, type GraphQLContext } from '../context.ts';
import type { VideoJobTypes } from '../types/video-job.ts';
import { UNCHANGED_JOB } from './unchanged-job.ts';
import { notFound, type VideoJobNotFound, type VideoJobNotFoundRef } from './video-job-not-found.ts';

/** How many values a call counts as: it reads and deletes a job. */
const DELETE_COST = 50;

type DeleteVideoJobOutcome =
  | { readonly type: 'DeleteVideoJobSuccess'; readonly id: string }
  | { readonly type: 'DeleteVideoJobUnfinished'; readonly job: Job }
  | VideoJobNotFound;
type Outcome<T extends DeleteVideoJobOutcome['type']> = Extract<DeleteVideoJobOutcome, { type: T }>;

/** Adds `deleteVideoJob` to `Mutation`. */
export function defineDeleteVideoJob(
  builder: Builder,
  { VideoJob }: VideoJobTypes,
  NotFound: VideoJobNotFoundRef,
): void {
  const Success = builder.objectRef<Outcome<'DeleteVideoJobSuccess'>>('DeleteVideoJobSuccess').implement({
    description: 'The job and its video are deleted.',
    fields: (t) => ({ id: t.exposeID('id', { description: 'The id of the deleted job.' }) }),
  });

  const Unfinished = builder
    .objectRef<Outcome<'DeleteVideoJobUnfinished'>>('DeleteVideoJobUnfinished')
    .implement({
      description: 'The job has not ended, so it was not deleted.',
      fields: (t) => ({
        job: t.field({ type: VideoJob, ...UNCHANGED_JOB }),
        message: t.string({
          description: 'Why it was not deleted, for people.',
          extensions: { maxBytes: 200 },
          resolve: ({ job }) =>
            `The job is ${jobStatus(job)}. Delete it when it has ended; \`cancelVideoJob\` ends one that was not sent yet.`,
        }),
      }),
    });

  const Result = builder.unionType('DeleteVideoJobResult', {
    description: 'The id of the deleted job, or why it was not deleted.',
    types: [Success, Unfinished, NotFound],
    resolveType: ({ type }) => type,
  });

  builder.mutationFields((t) => ({
    deleteVideoJob: t.field({
      type: Result,
      nullable: true,
      description:
        'Deletes a job that is COMPLETED or FAILED, with its video. It is gone from all reads and lists at once, and cannot be restored. Its idempotency key stays taken for 24 hours, and it still counts towards the daily limits if it was charged. Needs the scope `video:generate`.',
      extensions: { cost: DELETE_COST, directives: { cost: { weight: DELETE_COST } } },
      args: { id: t.arg.id({ required: true, description: 'The job’s id.' }) },
      resolve: (_, { id }, context) => deleteVideoJob(context, id),
    }),
  }));
}

/** @throws StoreUnavailableError when the job could not be read or deleted; GraphQLError when the caller lacks the right */
async function deleteVideoJob(
  { services: { store }, caller, jobs }: GraphQLContext,
  id: string,
): Promise<DeleteVideoJobOutcome> {
  requireOwner(caller, 'video:generate');
  const [job] = await store.getMany([id]);
  if (job?.ownerId !== caller.ownerId) return notFound(id);
  if (!isFinal(job)) return { type: 'DeleteVideoJobUnfinished', job };
  const outcome = await store.remove(job);
  jobs.forget(id);
  if (outcome === 'removed') return { type: 'DeleteVideoJobSuccess', id };
  return outcome === 'missing' ? notFound(id) : { type: 'DeleteVideoJobUnfinished', job };
}

import { isFinal, type Job } from '../../domain/job/job.ts';
import { jobStatus } from '../../domain/job/projection.ts';
import { transition } from '../../domain/job/transition.ts';
import { emitJobChange } from '../../events/job-changes.ts';
import type { Jobs } from '../../store/job-store.ts';
import type { Builder } from '../builder.ts';
import { type GraphQLServices, requireOwner } from '../context.ts';
import { JobView } from '../types/job-view.ts';
import type { VideoJobTypes } from '../types/video-job.ts';
import { UNCHANGED_JOB } from './unchanged-job.ts';
import { notFound, type VideoJobNotFound, type VideoJobNotFoundRef } from './video-job-not-found.ts';

/** How many values a call counts as: it reads and writes a job. */
const CANCEL_COST = 50;
/** A job that is sent, refused by the upstream and sent again changes twice each time. */
const MAX_TRIES = 10;

type CancelVideoJobOutcome =
  | { readonly type: 'CancelVideoJobSuccess'; readonly job: Job }
  | { readonly type: 'CancelVideoJobTooLate'; readonly job: Job }
  | VideoJobNotFound;
type Outcome<T extends CancelVideoJobOutcome['type']> = Extract<CancelVideoJobOutcome, { type: T }>;

/** Adds `cancelVideoJob` to `Mutation`. */
export function defineCancelVideoJob(
  builder: Builder,
  { VideoJob }: VideoJobTypes,
  NotFound: VideoJobNotFoundRef,
): void {
  const Success = builder.objectRef<Outcome<'CancelVideoJobSuccess'>>('CancelVideoJobSuccess').implement({
    description: 'The job is canceled, by this call or an earlier one. It is never sent to the upstream.',
    fields: (t) => ({
      job: t.field({
        type: VideoJob,
        description: 'The job: FAILED with code CANCELED, not charged.',
        resolve: ({ job }, _, { services, media }) => new JobView(job, services.clock.now(), media),
      }),
    }),
  });

  const TooLate = builder.objectRef<Outcome<'CancelVideoJobTooLate'>>('CancelVideoJobTooLate').implement({
    description:
      'The job was not canceled: it was sent to the upstream, which cannot cancel jobs, or it has ended.',
    fields: (t) => ({
      job: t.field({ type: VideoJob, ...UNCHANGED_JOB }),
      message: t.string({
        description: 'Why it was not canceled, for people.',
        extensions: { maxBytes: 300 },
        resolve: ({ job }) => whyTooLate(job),
      }),
    }),
  });

  const Result = builder.unionType('CancelVideoJobResult', {
    description: 'The canceled job, or why it was not canceled.',
    types: [Success, TooLate, NotFound],
    resolveType: ({ type }) => type,
  });

  builder.mutationFields((t) => ({
    cancelVideoJob: t.field({
      type: Result,
      nullable: true,
      description:
        'Cancels a job that was not sent to the upstream yet, or was refused there (429, 503) and waits to be sent again. Canceling it again gives the same result. A canceled job is not charged, and no longer counts towards the limits. Needs the scope `video:generate`.',
      extensions: { cost: CANCEL_COST, directives: { cost: { weight: CANCEL_COST } } },
      args: { id: t.arg.id({ required: true, description: 'The job’s id.' }) },
      resolve: (_, { id }, { services, caller }) => {
        requireOwner(caller, 'video:generate');
        return cancelJob(services, caller.ownerId, id);
      },
    }),
  }));
}

interface CancelServices extends Pick<GraphQLServices, 'clock' | 'events' | 'targetsOf'> {
  readonly store: Pick<Jobs, 'getMany' | 'save'>;
}

/**
 * Stores a job as canceled if it is accepted. The poller marks a job as submitting by the same compare-and-set before it sends the job, so
 * exactly one of both succeeds.
 *
 * @throws StoreUnavailableError when the job could not be read or stored
 */
export async function cancelJob(
  { store, clock, events, targetsOf }: CancelServices,
  ownerId: string,
  id: string,
): Promise<CancelVideoJobOutcome> {
  for (let tries = 1; ; tries += 1) {
    const [job] = await store.getMany([id]);
    if (job?.ownerId !== ownerId) return notFound(id);
    if (job.failure?.code === 'CANCELED') return { type: 'CancelVideoJobSuccess', job };
    const canceled = transition(job, { type: 'canceled' }, clock.now());
    if (canceled === job || tries > MAX_TRIES) return { type: 'CancelVideoJobTooLate', job };
    const change = { job: canceled, schedule: null, deliveries: targetsOf(canceled) };
    const outcome = await store.save('', change);
    if (outcome === 'saved') {
      emitJobChange(events, job, canceled);
      return { type: 'CancelVideoJobSuccess', job: canceled };
    }
    if (outcome === 'missing') return notFound(id);
  }
}

function whyTooLate(job: Job): string {
  if (isFinal(job)) return `The job has already ended: it is ${jobStatus(job)}.`;
  switch (job.phase) {
    case 'accepted':
      return 'The job changed while it was being canceled. Try again.';
    case 'submitting':
      return 'The job is being sent to the upstream. Try again in a moment: if the upstream does not accept it, it can be canceled.';
    case 'settling':
      return 'The job was sent, and the answer was lost. The upstream may have accepted it, and cannot cancel jobs.';
    case 'queued':
    case 'processing':
    case 'collecting':
      return 'The upstream has accepted the job, and cannot cancel jobs. The video will be made and charged.';
  }
}

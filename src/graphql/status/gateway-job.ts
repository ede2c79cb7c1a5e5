import { forcedEndAt } from '../../domain/job/job.ts';
import type { ScheduledJob, UnfinishedPhase } from '../../store/backlog.ts';
import type { Builder } from '../builder.ts';
import type { GraphQLServices } from '../context.ts';
import { ERROR_BYTES } from '../short-error.ts';
import { explainWait, type GatewayJob, type WaitFacts } from './job-wait.ts';

/** Bytes of an owner id as JSON, at most. */
export const OWNER_BYTES = 6 * 256;

/** The type of `defineGatewayJob`. */
export type GatewayJobTypes = ReturnType<typeof defineGatewayJob>;

/** Adds `GatewayJob` with its enums. */
export function defineGatewayJob(builder: Builder) {
  const Phase = builder.enumType('GatewayJobPhase', {
    description: 'The step of its life that an unfinished job is in.',
    values: {
      ACCEPTED: { value: 'accepted', description: 'Stored; not sent to the upstream.' },
      SUBMITTING: { value: 'submitting', description: 'Being sent to the upstream.' },
      SETTLING: {
        value: 'settling',
        description: 'The answer to the submission was lost; the upstream’s history is searched for it.',
      },
      QUEUED: { value: 'queued', description: 'In the upstream’s queue.' },
      PROCESSING: { value: 'processing', description: 'The upstream makes the video.' },
      COLLECTING: { value: 'collecting', description: 'The video is made and fetched.' },
    } as const satisfies Record<string, { value: UnfinishedPhase; description: string }>,
  });
  const Wait = builder.enumType('GatewayJobWait', {
    description: 'What an unfinished job waits for.',
    values: {
      LEASED: { value: 'leased', description: 'For the poller that makes its next step.' },
      FAILURES: { value: 'failures', description: 'For the end of the pause after its own failed calls.' },
      SUBMISSION_CHECK: {
        value: 'submission-check',
        description: 'For the next search in the upstream’s history.',
      },
      UPSTREAM: { value: 'upstream', description: 'For the upstream; it is polled from time to time.' },
      CIRCUIT_OPEN: {
        value: 'circuit-open',
        description: 'For the upstream, which does not answer any call.',
      },
      RATE_LIMIT: {
        value: 'rate-limit',
        description: 'For a call: those of the minute are used up, or a 429 pauses all calls.',
      },
      NO_POLLER: { value: 'no-poller', description: 'For an instance that moves jobs: none is running.' },
      DUE: { value: 'due', description: 'For nothing: a poller takes it next.' },
    } as const,
  });
  const Job = builder.objectRef<GatewayJob>('GatewayJob').implement({
    description: 'An unfinished job of any owner, without its prompt and image.',
    fields: (t) => ({
      id: t.id({ description: 'The job’s id.', resolve: ({ job }) => job.id }),
      ownerId: t.string({
        description: 'The owner of the job.',
        extensions: { maxBytes: OWNER_BYTES },
        resolve: ({ job }) => job.ownerId,
      }),
      phase: t.field({
        type: Phase,
        description: 'Its step.',
        // A port for unfinished jobs returns no others.
        resolve: ({ job }) =>
          job.phase === 'completed' || job.phase === 'failed' ? 'collecting' : job.phase,
      }),
      wait: t.expose('wait', { type: Wait, description: 'What it waits for.' }),
      reason: t.exposeString('reason', {
        description: 'The same for people, with the last error of failed calls.',
        extensions: { maxBytes: 300 + ERROR_BYTES },
      }),
      createdAt: t.field({
        type: 'DateTime',
        description: 'When it was accepted.',
        resolve: ({ job }) => job.createdAt,
      }),
      endsAt: t.field({
        type: 'DateTime',
        description:
          'When it ends at the latest: by its deadline, or while it is not sent by its start deadline.',
        resolve: ({ job }) => forcedEndAt(job),
      }),
      failureCount: t.exposeInt('failureCount', { description: 'Failed calls about it in a row.' }),
      nextStepAt: t.expose('nextStepAt', {
        type: 'DateTime',
        nullable: true,
        description:
          'When its next step is due, or when the lease of the present one expires; null: as soon as a call and a poller are free.',
      }),
      isRetryable: t.exposeBoolean('isRetryable', {
        description: 'Whether `retryVideoJobNow` would make it due at once.',
      }),
    }),
  });
  return { Job, Phase };
}

/** Explains the waits of jobs by the present state of the gateway. */
export async function explainWaits(
  { clock, operator }: Pick<GraphQLServices, 'clock' | 'operator'>,
  jobs: readonly ScheduledJob[],
): Promise<GatewayJob[]> {
  const now = clock.now();
  const [budget, instances] = await Promise.all([operator.budget.status(), operator.instances.list(now)]);
  const facts: WaitFacts = { now, budget, hasPoller: instances.some(({ role }) => role !== 'api') };
  return jobs.map((job) => explainWait(job, facts));
}

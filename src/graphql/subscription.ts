import { GraphQLError } from 'graphql';
import { watchJob } from '../watching/watch-job.ts';
import { watchOwner } from '../watching/watch-owner.ts';
import type { Builder } from './builder.ts';
import type { VideoJobTypes } from './video-job-type.ts';

/** Adds `Subscription`. */
export function defineSubscription(builder: Builder, { VideoJob }: VideoJobTypes): void {
  builder.subscriptionType({
    description: 'What can be watched, over WebSocket or server-sent events.',
    fields: (t) => ({
      videoJobUpdated: t.field({
        type: VideoJob,
        description:
          'One job: its present state at once, then newer versions only, in order, and always the terminal one, after which the stream completes. A reader that is slow skips versions in between. If the stream ends without a terminal state, subscribe again with `sinceVersion`.',
        args: {
          id: t.arg.id({
            required: true,
            description: 'The job’s id. An unknown one is refused with code NOT_FOUND.',
          }),
          sinceVersion: t.arg.int({
            description:
              'The newest version that the caller has: only newer ones are sent, and the terminal one in any case.',
          }),
        },
        subscribe: async (_, { id, sinceVersion }, { services: { store }, ownerId }) => {
          const updates = await watchJob(store, ownerId, id, sinceVersion ?? 0);
          if (updates !== null) return updates;
          throw new GraphQLError('There is no such video job.', { extensions: { code: 'NOT_FOUND' } });
        },
        resolve: (job) => job,
      }),
      videoJobsUpdated: t.field({
        type: VideoJob,
        description:
          'Every change of any of the caller’s jobs from now on, new jobs included; it does not end. A reader that is slow gets the newest version of each job; one that falls behind by more than 1,000 jobs is refused with code SLOW_SUBSCRIBER.',
        subscribe: (_, _args, { services: { store }, ownerId }) => watchOwner(store, ownerId),
        resolve: (job) => job,
      }),
    }),
  });
}

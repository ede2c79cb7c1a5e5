import { GraphQLError } from 'graphql';
import type { Job } from '../domain/job/job.ts';
import type { PushIterator } from '../watching/push-iterator.ts';
import { watchOwner } from '../watching/watch-owner.ts';
import { type RightEnd, watchRight } from '../watching/watch-right.ts';
import { requireOwner, requireScope, type GraphQLContext } from './context.ts';
import type { Builder } from './builder.ts';
import { noSuchJob } from './errors.ts';
import { JobView } from './types/job-view.ts';
import type { VideoJobTypes } from './types/video-job.ts';

/** Adds `Subscription`. */
export function defineSubscription(builder: Builder, { VideoJob }: VideoJobTypes): void {
  builder.subscriptionType({
    description: 'What can be watched, over WebSocket, server-sent events or, by a router, HTTP callbacks.',
    fields: (t) => ({
      videoJobUpdated: t.field({
        type: VideoJob,
        description:
          'One job: its present state at once, then newer versions only, in order, and always the terminal one, after which the stream completes. A reader that is slow skips versions in between. If the stream ends without a terminal state, subscribe again with `sinceVersion`.',
        args: {
          id: t.arg.id({
            required: true,
            description:
              'The job’s id. An unknown one is refused with code NOT_FOUND; so ends a stream whose job the store has lost.',
          }),
          sinceVersion: t.arg.int({
            description:
              'The newest version that the caller has: only newer ones are sent, and the terminal one in any case.',
          }),
        },
        subscribe: async (_, { id, sinceVersion }, context) => {
          const { services, caller } = context;
          requireScope(caller, 'video:read');
          const reachable = caller.jobId === null || caller.jobId === id;
          const updates = reachable
            ? await services.watchedJobs.watch(caller.ownerId, id, sinceVersion ?? 0, noSuchJob)
            : null;
          if (updates !== null) return untilExpiry(updates, context);
          throw noSuchJob();
        },
        resolve: (job, _, { services, media }) => new JobView(job, services.clock.now(), media),
      }),
      videoJobsUpdated: t.field({
        type: VideoJob,
        description:
          'Every change of any of the caller’s jobs from now on, new jobs included; it does not end. A reader that is slow gets the newest version of each job, and after Redis was away a version may come a second time; a reader that falls behind by more than 1,000 jobs is refused with code SLOW_SUBSCRIBER.',
        subscribe: async (_, _args, context) => {
          const { services, caller } = context;
          requireOwner(caller, 'video:read');
          return untilExpiry(await watchOwner(services.store, caller.ownerId), context);
        },
        resolve: (job, _, { services, media }) => new JobView(job, services.clock.now(), media),
      }),
    }),
  });
}

/** Ends the updates with the right to see them, as an error: the job's story is not over. */
function untilExpiry(
  updates: PushIterator<Job>,
  { caller, services: { tokenClock } }: GraphQLContext,
): PushIterator<Job> {
  updates.defer(watchRight(caller, tokenClock, (reason) => updates.end(unauthenticated(reason))));
  return updates;
}

const ENDS: Readonly<Record<RightEnd, string>> = {
  expired: 'The token has expired. Subscribe again with a new one.',
  withdrawn: 'The token is no longer valid. Subscribe again with a new one.',
};

function unauthenticated(reason: RightEnd): GraphQLError {
  return new GraphQLError(ENDS[reason], { extensions: { code: 'UNAUTHENTICATED' } });
}

import { GraphQLError } from 'graphql';
import type { PushIterator } from '../watching/push-iterator.ts';
import { watchOwner } from '../watching/watch-owner.ts';
import { watchRemovals } from '../watching/watch-removals.ts';
import { type TokenEnd, watchToken } from '../watching/watch-token.ts';
import type { Builder } from './builder.ts';
import { requireOwner, requireScope, type GraphQLContext } from './context.ts';
import { noSuchJob } from './errors.ts';
import { JobView } from './types/job-view.ts';
import type { VideoJobTypes } from './types/video-job.ts';

/** Adds `Subscription`. */
export function defineSubscription(builder: Builder, { VideoJob }: VideoJobTypes): void {
  builder.subscriptionType({
    description:
      'Watches jobs, over WebSocket, server-sent events, multipart responses or, for a router, HTTP callbacks.',
    fields: (t) => ({
      videoJobUpdated: t.field({
        type: VideoJob,
        description:
          'One job: its current state at once, then newer versions only, in order, and always the terminal one, after which the stream completes. A slow reader skips versions in between. If the stream ends without a terminal state, subscribe again with `sinceVersion`.',
        args: {
          id: t.arg.id({
            required: true,
            description:
              'The job’s id. An unknown one is refused with code NOT_FOUND; the stream of a job that the store has lost ends with the same code.',
          }),
          sinceVersion: t.arg.int({
            description:
              'The newest version that the caller has. Only newer versions are sent, and always the terminal one.',
          }),
        },
        subscribe: async (_, { id, sinceVersion }, context) => {
          const { services, caller, lastEventId } = context;
          requireScope(caller, 'video:read');
          const reachable = caller.jobId === null || caller.jobId === id;
          const updates = reachable
            ? await services.watchedJobs.watch(
                caller.ownerId,
                id,
                { sinceVersion: sinceVersion ?? 0, lastEventId },
                noSuchJob,
              )
            : null;
          if (updates !== null) return untilExpiry(updates, context);
          throw noSuchJob();
        },
        resolve: (job, _, { services, media }) => new JobView(job, services.clock.now(), media),
      }),
      videoJobsUpdated: t.field({
        type: VideoJob,
        description:
          'Every change of any of the caller’s jobs from now on, new jobs included; it does not end. A slow reader gets the newest version of each job. After an outage of Redis a version may come twice. The stream of a reader that falls behind by more than 1,000 jobs ends with code SLOW_SUBSCRIBER.',
        subscribe: async (_, _args, context) => {
          const { services, caller } = context;
          requireOwner(caller, 'video:read');
          return untilExpiry(await watchOwner(services.store, caller.ownerId), context);
        },
        resolve: (job, _, { services, media }) => new JobView(job, services.clock.now(), media),
      }),
      videoJobsDeleted: t.id({
        description:
          'The id of each of the caller’s jobs that is deleted from now on by `deleteVideoJob`, not of those whose retention ends; it does not end. During an outage of Redis deletions may be missed: read `videoJobs` again after a reconnection. The stream of a reader that falls behind by more than 1,000 ids ends with code SLOW_SUBSCRIBER.',
        subscribe: async (_, _args, context) => {
          const { services, caller } = context;
          requireOwner(caller, 'video:read');
          return untilExpiry(await watchRemovals(services.store, caller.ownerId), context);
        },
        resolve: (id) => id,
      }),
    }),
  });
}

/** Ends the updates with an error when the caller's token expires or is withdrawn: the job itself has not ended. */
function untilExpiry<T>(
  updates: PushIterator<T>,
  { caller, services: { tokenClock } }: GraphQLContext,
): PushIterator<T> {
  updates.defer(watchToken(caller, tokenClock, (reason) => updates.end(unauthenticated(reason))));
  return updates;
}

const ENDS: Readonly<Record<TokenEnd, string>> = {
  expired: 'The token has expired. Subscribe again with a new one.',
  withdrawn: 'The token is no longer valid. Subscribe again with a new one.',
};

function unauthenticated(reason: TokenEnd): GraphQLError {
  return new GraphQLError(ENDS[reason], { extensions: { code: 'UNAUTHENTICATED' } });
}

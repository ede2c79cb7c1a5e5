import type { Job } from '../../domain/job/job.ts';
import { type GraphQLContext, requireScope } from '../context.ts';
import { JobView } from '../types/job-view.ts';

/** The field `job` of a mutation's result that left the job as it is. A caller that may not read jobs does not see it. */
export const UNCHANGED_JOB = {
  description:
    'The job as it is. It needs the scope `video:read`; without it the whole result is refused with code FORBIDDEN.',
  /** @throws GraphQLError with code FORBIDDEN */
  resolve: (
    { job }: { readonly job: Job },
    _: unknown,
    { services, caller, media }: GraphQLContext,
  ): JobView => {
    requireScope(caller, 'video:read');
    return new JobView(job, services.clock.now(), media);
  },
};

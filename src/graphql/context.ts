import DataLoader from 'dataloader';
import type { Job } from '../domain/job.ts';
import type { JobLimits } from '../store/job-limits.ts';
import type { JobStore } from '../store/job-store.ts';
import type { OwnerRate } from '../store/owner-rate.ts';

/** What all operations share. */
export interface GraphQLServices {
  readonly store: JobStore;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Makes the id of a job that is accepted at this time, in epoch milliseconds; in this shard, if it has to be. */
  readonly newJobId: (now: number, shard: string | undefined) => string;
  /** Milliseconds from acceptance to a job's forced end. */
  readonly deadlineMs: number;
  readonly limits: JobLimits;
  readonly ownerRate: OwnerRate;
}

/** All that a resolver sees. Made anew for each operation. */
export interface GraphQLContext {
  readonly services: GraphQLServices;
  /** Whose jobs these are. */
  readonly ownerId: string;
  /** Reads jobs in batches; null for one that is unknown or somebody else's. */
  readonly jobs: DataLoader<string, Job | null>;
}

/** The context of one operation. */
export function createContext(services: GraphQLServices, ownerId: string): GraphQLContext {
  const jobs = new DataLoader<string, Job | null>(async (ids) => {
    const found = await services.store.getMany(ids);
    return found.map((job) => (job?.ownerId === ownerId ? job : null));
  });
  return { services, ownerId, jobs };
}

import DataLoader from 'dataloader';
import { type Caller, ownsJob } from '../domain/caller.ts';
import type { Clock } from '../domain/clock.ts';
import type { Job } from '../domain/job.ts';
import type { JobLimits } from '../store/job-limits.ts';
import type { JobStore } from '../store/job-store.ts';
import { requireScope } from './access.ts';
import type { OwnerRate } from '../store/owner-rate.ts';
import type { Image, UploadOutcome } from '../upstream/image-host.ts';

/** What all operations share. */
export interface GraphQLServices {
  readonly store: JobStore;
  readonly clock: Clock;
  /** Makes the id of a job that is accepted at this time, in epoch milliseconds; in this shard, if it has to be. */
  readonly newJobId: (now: number, shard: string | undefined) => string;
  /** Milliseconds from acceptance to a job's forced end. */
  readonly deadlineMs: number;
  readonly limits: JobLimits;
  /** Of `generateVideo`. */
  readonly ownerRate: OwnerRate;
  /** Of `uploadImage`. */
  readonly uploadRate: OwnerRate;
  /** Puts an image where the upstream can read it. Never throws. */
  readonly uploadImage: (image: Image) => Promise<UploadOutcome>;
  /** Whether images may be on hosts of a private network, as when the sandbox fetches them. */
  readonly privateImages: boolean;
  /**
   * Makes a token that reads and watches one job of an owner, and nothing else.
   *
   * @param expiresAt epoch milliseconds
   */
  readonly issueJobToken: (ownerId: string, jobId: string, expiresAt: number) => Promise<string>;
}

/** All that a resolver sees. Made anew for each operation. */
export interface GraphQLContext {
  readonly services: GraphQLServices;
  /** Who asks. */
  readonly caller: Caller;
  /**
   * Reads jobs in batches; null for one that is unknown or somebody else's. Fails with code FORBIDDEN without the scope
   * to read.
   */
  readonly jobs: DataLoader<string, Job | null>;
}

/** The context of one operation. */
export function createContext(services: GraphQLServices, caller: Caller): GraphQLContext {
  let jobs: GraphQLContext['jobs'] | undefined;
  return {
    services,
    caller,
    // Most operations over a WebSocket, and all events, need none.
    get jobs() {
      return (jobs ??= jobLoader(services, caller));
    },
  };
}

function jobLoader(services: GraphQLServices, caller: Caller): GraphQLContext['jobs'] {
  return new DataLoader<string, Job | null>(async (ids) => {
    requireScope(caller, 'video:read');
    const found = await services.store.getMany(ids);
    return found.map((job) => (job !== null && ownsJob(caller, job) ? job : null));
  });
}

import type { Caller } from '../domain/caller.ts';
import type { Clock } from '../domain/clock.ts';
import type { LocalMedia, MediaUrls } from '../domain/local-media.ts';
import type { RequestParser } from '../domain/video-request.ts';
import type { JobLimits } from '../store/job-limits.ts';
import type { JobStore } from '../store/job-store.ts';
import type { WatchedJobs } from '../watching/watched-jobs.ts';
import type { Answer, AnswerBudget } from './answer-budget.ts';
import { JobReader } from './job-reader.ts';
import type { OwnerRate } from '../store/owner-rate.ts';
import type { Image, UploadOutcome } from '../providers/image-host.ts';

/** What all operations share. */
export interface GraphQLServices {
  readonly store: JobStore;
  readonly watchedJobs: WatchedJobs;
  readonly clock: Clock;
  /** By which tokens expire. */
  readonly tokenClock: Clock;
  /** Makes the id of a job that is accepted at this time, in epoch milliseconds; in this shard, if it has to be. */
  readonly newJobId: (now: number, shard: string | undefined) => string;
  /** Parses the input of `generateVideo` for the model in use. */
  readonly parseRequest: RequestParser;
  /** Milliseconds from acceptance to a job's forced end. */
  readonly deadlineMs: number;
  readonly limits: JobLimits;
  /** Of the memory of all answers. */
  readonly answers: AnswerBudget;
  /** Of `generateVideo`. */
  readonly ownerRate: OwnerRate;
  /** Puts an image where the upstream can read it. Never throws. */
  readonly uploadImage: (image: Image) => Promise<UploadOutcome>;
  /** The files of an upstream that clients cannot reach; null: they can. */
  readonly localMedia: LocalMedia | null;
  /** Whether images may be on hosts of a private network, as when the sandbox fetches them. */
  readonly privateImages: boolean;
  /**
   * Makes a token that reads and watches one job of an owner, and nothing else.
   *
   * @param now epoch milliseconds
   * @param expiresAt likewise
   */
  readonly issueJobToken: (ownerId: string, jobId: string, now: number, expiresAt: number) => Promise<string>;
}

/** All that a resolver sees. Made anew for each operation. */
export interface GraphQLContext {
  readonly services: GraphQLServices;
  /** Who asks. */
  readonly caller: Caller;
  readonly jobs: JobReader;
  /** The memory of this operation's answer. */
  readonly answer: Answer;
  /** Where the client finds the upstream's files; null: at the upstream. */
  readonly media: MediaUrls | null;
}

/**
 * The context of one operation.
 *
 * @param baseUrl the gateway's URL for the client; read only where there are local media
 */
export function createContext(services: GraphQLServices, caller: Caller, baseUrl: string): GraphQLContext {
  const media = services.localMedia?.at(baseUrl) ?? null;
  return {
    services,
    caller,
    jobs: new JobReader(services.store, services.clock, caller, media),
    answer: services.answers.open(caller.ownerId),
    media,
  };
}

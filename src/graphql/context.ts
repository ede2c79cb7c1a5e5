import DataLoader from 'dataloader';
import { type Caller, ownsJob, type Scope } from '../domain/caller.ts';
import type { Clock } from '../domain/clock.ts';
import type { Job } from '../domain/job/job.ts';
import type { LocalMedia } from '../domain/local-media.ts';
import type { RequestParser } from '../domain/request/video-request.ts';
import type { UpstreamKind } from '../domain/upstream-kind.ts';
import type { EventEmitter } from '../events/gateway-events.ts';
import type { Image, UploadOutcome } from '../providers/image-host.ts';
import type { BacklogReader } from '../store/backlog.ts';
import type { CallBudget } from '../store/call-budget.ts';
import type { Instances } from '../store/instances.ts';
import type { JobLimits } from '../store/job-limits.ts';
import type { JobCache, JobEvents, Jobs } from '../store/job-store.ts';
import type { OperatorActions } from '../store/operator-actions.ts';
import type { OwnerRate } from '../store/owner-rate.ts';
import type { Delivery, NewDelivery, WebhookDeliveries } from '../store/webhook-deliveries.ts';
import type { WatchedJobs } from '../watching/watched-jobs.ts';
import type { Answer, AnswerBudget } from './answer-budget.ts';
import { ClientUrls, type VideoUrls } from './client-urls.ts';
import { forbidden } from './errors.ts';
import { JobView } from './types/job-view.ts';

/** What clients can read of the upstream. */
export interface UpstreamFacts {
  readonly kind: UpstreamKind;
  /** About what a video costs in US dollars; null: unknown. */
  readonly priceUsd: number | null;
  /** Credits left in the account, in US dollars; null while they are unknown. Returns at once. */
  readonly credits: () => number | null;
}

/** Services for callers with the scope `gateway:admin`. */
export interface OperatorServices {
  readonly backlog: Pick<BacklogReader, 'read' | 'findNearestEnd' | 'findQuarantined'>;
  readonly deliveries: Pick<WebhookDeliveries, 'countWaiting' | 'findFailing'>;
  readonly budget: Pick<CallBudget, 'status'>;
  readonly instances: Pick<Instances, 'list'>;
  readonly actions: OperatorActions;
}

/** Services shared by all operations. */
export interface GraphQLServices {
  readonly store: Jobs & JobEvents;
  readonly events: EventEmitter;
  /** See `Storage`. */
  readonly cache: JobCache | null;
  /** Reads the base64 of a job's video, wherever it is kept; null when there is none. */
  readonly readVideoData: (jobId: string) => Promise<string | null>;
  readonly watchedJobs: WatchedJobs;
  readonly clock: Clock;
  /** The clock by which tokens expire. */
  readonly tokenClock: Clock;
  /** Creates a job id. @param now epoch milliseconds @param shard the shard it must be in; undefined: any */
  readonly newJobId: (now: number, shard: string | undefined) => string;
  /** Parses the input of `generateVideo` for the model in use. */
  readonly parseRequest: RequestParser;
  /** Why webhooks may not be sent to a URL, such as `must be an https URL`; null: they may. */
  readonly webhookRefusalOf: (url: string) => string | null;
  /** Webhooks about jobs that have ended. */
  readonly deliveries: Pick<WebhookDeliveries, 'ofJobs' | 'makeDue'>;
  /** What only operators see and do. */
  readonly operator: OperatorServices;
  /** Milliseconds from acceptance to a job's deadline. */
  readonly deadlineMs: number;
  readonly limits: JobLimits;
  /** The deliveries that the end of a job causes; none for an unfinished job. */
  readonly targetsOf: (job: Job) => readonly NewDelivery[];
  /** The memory of all answers. */
  readonly answers: AnswerBudget;
  /** Resolves in a later turn of the event loop, in which no other long task runs. */
  readonly nextTurn: () => Promise<void>;
  /** Rate limit of `generateVideo` and `redeliverWebhook`. */
  readonly ownerRate: OwnerRate;
  /** Uploads an image for the upstream to read. Never throws. */
  readonly uploadImage: (image: Image) => Promise<UploadOutcome>;
  /** Files of an upstream that clients cannot reach; null: clients can reach it. */
  readonly localMedia: LocalMedia | null;
  /** Null: there is no archive, so videos have the upstream's URLs. */
  readonly videoUrls: VideoUrls | null;
  readonly upstream: UpstreamFacts;
  /** Whether image URLs may have private hosts: the sandbox can fetch those. */
  readonly privateImages: boolean;
  /**
   * Issues a token that can only read and watch one job of an owner.
   *
   * @param now epoch milliseconds
   * @param expiresAt likewise
   */
  readonly issueJobToken: (ownerId: string, jobId: string, now: number, expiresAt: number) => Promise<string>;
}

/** The context of a resolver. Created for each operation. */
export interface GraphQLContext {
  readonly services: GraphQLServices;
  readonly caller: Caller;
  readonly jobs: JobLoader;
  /** The memory of the answer. */
  readonly answer: Answer;
  /** URLs of files for the client; null: the upstream's own. */
  readonly media: ClientUrls | null;
  readonly entityTurns: EntityTurns;
  /** The version of the last event that the client received on an earlier stream of the same subscription; null: unknown. */
  readonly lastEventId: number | null;
  /** The trace of what the operation causes, as in `Job`; null: none. */
  readonly traceparent: string | null;
}

/**
 * Creates the context of one operation.
 *
 * @param baseUrl the gateway's URL for the client; read only where clients get URLs of the gateway
 * @param lastEventId see `GraphQLContext`
 * @param traceparent likewise
 */
export function createContext(
  services: GraphQLServices,
  caller: Caller,
  baseUrl: string,
  lastEventId: number | null,
  traceparent: string | null,
): GraphQLContext {
  const media = ClientUrls.at(baseUrl, services.localMedia, services.videoUrls);
  return {
    services,
    caller,
    jobs: new JobLoader(services, caller, media),
    answer: services.answers.open(caller.ownerId),
    media,
    entityTurns: new EntityTurns(services.nextTurn),
    lastEventId,
    traceparent,
  };
}

/** Entities that are read and executed in one turn of the event loop: about 2,600 values with every field. */
export const ENTITIES_PER_TURN = 50;

/** Spreads the entities of one operation over turns of the event loop, however many lists they are in. */
export class EntityTurns {
  readonly #nextTurn: () => Promise<void>;
  #entities = 0;
  #turn: Promise<void> | undefined;

  constructor(nextTurn: () => Promise<void>) {
    this.#nextTurn = nextTurn;
  }

  /** Counts one more entity. @returns resolves in the turn in which it may be read; undefined: this one */
  next(): Promise<void> | undefined {
    if (this.#entities > 0 && this.#entities % ENTITIES_PER_TURN === 0) this.#turn = this.#nextTurn();
    this.#entities += 1;
    return this.#turn;
  }
}

type JobLoaderServices = Pick<GraphQLServices, 'store' | 'cache' | 'clock' | 'deliveries'>;

/**
 * Reads jobs and their webhooks for one operation: in batches, unless they are cached. A class, because V8 gives each object literal with a getter a
 * shape of its own and keeps it until the next full garbage collection.
 */
export class JobLoader {
  readonly #services: JobLoaderServices;
  readonly #caller: Caller;
  readonly #media: ClientUrls | null;
  /** Created when it is needed: most operations need none. */
  #loader: DataLoader<string, JobView | null> | undefined;
  #deliveryLoader: DataLoader<string, readonly Delivery[]> | undefined;

  constructor(services: JobLoaderServices, caller: Caller, media: ClientUrls | null) {
    this.#services = services;
    this.#caller = caller;
    this.#media = media;
  }

  /**
   * @returns null when the job is unknown or belongs to another owner
   * @throws GraphQLError with code FORBIDDEN when the caller lacks the scope to read
   */
  load(id: string): JobView | null | Promise<JobView | null> {
    requireScope(this.#caller, 'video:read');
    const cached = this.#services.cache?.get(id);
    if (cached !== undefined) return this.#visible(cached);
    this.#loader ??= new DataLoader((ids) => this.#read(ids));
    return this.#loader.load(id);
  }

  /**
   * Reads the webhooks about a job that is the caller's.
   *
   * @throws GraphQLError with code FORBIDDEN when the caller lacks the scope to read, or may reach one job only: the URLs are secrets of the
   *   owner's backend
   */
  deliveriesOf(id: string): Promise<readonly Delivery[]> {
    requireOwner(this.#caller, 'video:read');
    const { deliveries } = this.#services;
    this.#deliveryLoader ??= new DataLoader((ids) => {
      // Each batch reads anew: an earlier field of a mutation may have ended the job.
      this.#deliveryLoader?.clearAll();
      return deliveries.ofJobs(ids);
    });
    return this.#deliveryLoader.load(id);
  }

  /** Later loads of this operation read the job again: the operation has changed it. */
  forget(id: string): void {
    this.#loader?.clear(id);
  }

  async #read(ids: readonly string[]): Promise<(JobView | null)[]> {
    const found = await this.#services.store.getMany(ids);
    return found.map((job) => (job === null ? null : this.#visible(job)));
  }

  #visible(job: Job): JobView | null {
    return ownsJob(this.#caller, job) ? new JobView(job, this.#services.clock.now(), this.#media) : null;
  }
}

/** @throws GraphQLError with code FORBIDDEN when the caller lacks the scope */
export function requireScope({ scopes }: Caller, scope: Scope): void {
  if (!scopes.has(scope)) throw forbidden(`This needs the scope ${scope}.`);
}

/** @throws GraphQLError with code FORBIDDEN when the caller lacks the scope, or may reach one job only */
export function requireOwner(caller: Caller, scope: Scope): void {
  if (caller.jobId !== null) throw forbidden('The token of a job can only read and watch that job.');
  requireScope(caller, scope);
}

import { randomUUID } from 'node:crypto';
import type { Clock } from '../../domain/clock.ts';
import type { Job } from '../../domain/job/job.ts';
import type { EventEmitter } from '../../events/gateway-events.ts';
import {
  type LeasedJob,
  type LeaseQuery,
  type CreateOutcome,
  type DueJob,
  type DueQuery,
  type JobStore,
  type ListQuery,
  type NewJobRecord,
  type RemovalListener,
  type RemoveOutcome,
  type SaveChange,
  type SaveOutcome,
  type Schedule,
  type StoreHealth,
  StoreUnavailableError,
  type Topic,
  type TopicListener,
  type Unsubscribe,
  type WaitingJob,
} from '../job-store.ts';
import { connectForCommands, connectForSubscriptions, untilConnected } from './connection/connect.ts';
import type { RedisLocation } from './connection/location.ts';
import { missingPermissions } from './connection/permissions.ts';
import { ServerClock } from './connection/server-clock.ts';
import { sealOf, SealSecret } from './events/event-seal.ts';
import { PubSub } from './events/pub-sub.ts';
import { Subscriptions } from './events/subscriptions.ts';
import { catchUp } from './events/topics.ts';
import { HealthCheck } from './health-check.ts';
import { encodeJob } from './jobs/job-hash.ts';
import { type JobAccess, JobReader } from './jobs/job-reader.ts';
import { JobWriter } from './jobs/job-writer.ts';
import { listJobs } from './jobs/list-jobs.ts';
import { channels, keys, shardOf, SHARDS } from './keys.ts';
import { Quarantine } from './quarantine.ts';
import { findWaiting } from './queue/find-waiting.ts';
import { leaseDue, findCandidates } from './queue/lease-due.ts';
import { nextDueAt, rescheduleFar } from './queue/schedule.ts';
import { attempt, type RedisClient, runScript } from './scripts/run-script.ts';

export interface RedisJobStoreOptions {
  readonly location: RedisLocation;
  /** Milliseconds for which a final job can be read. */
  readonly retentionMs: number;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Gets `store:unreadable` once for each job id and key name that cannot be read. */
  readonly events: EventEmitter;
}

/** The shared store: many processes on one Redis or Redis Cluster. The settings of Redis decide what survives its restart. */
export class RedisJobStore implements JobStore {
  readonly #options: RedisJobStoreOptions;
  readonly #client: RedisClient;
  readonly #secret: SealSecret;
  readonly #pubSub: PubSub;
  readonly #access: JobAccess;
  readonly #writer: JobWriter;
  readonly #health: HealthCheck;
  readonly #serverClock: ServerClock;
  readonly #publish: 'PUBLISH' | 'SPUBLISH';
  readonly #subscriptions: Subscriptions;
  readonly #leasePrefix = randomUUID();
  #leases = 0;

  private constructor(options: RedisJobStoreOptions) {
    const { location, clock, random, events } = options;
    this.#options = options;
    this.#publish = location.cluster ? 'SPUBLISH' : 'PUBLISH';
    this.#client = connectForCommands(location, events);
    const now = () => clock.now();
    this.#secret = new SealSecret(this.#client, now);
    this.#pubSub = new PubSub({
      secret: this.#secret,
      connect: () => connectForSubscriptions(location),
      publish: (channel, message) => this.#client.call(this.#publish, channel, message),
      heartbeatChannels: location.cluster ? SHARDS.map(channels.heartbeat) : [channels.heartbeat('0')],
      clock,
      random,
      events,
    });
    const { retentionMs } = options;
    const quarantine = new Quarantine({ client: this.#client, retentionMs, now, events });
    this.#access = { client: this.#client, quarantine, reader: new JobReader(this.#client, quarantine) };
    this.#writer = new JobWriter({
      access: this.#access,
      publish: this.#publish,
      secret: this.#secret,
      retentionMs,
      now,
    });
    this.#health = new HealthCheck({
      client: this.#client,
      quarantine,
      publish: this.#publish,
      isListening: () => this.#pubSub.live,
      now,
    });
    this.#serverClock = new ServerClock({
      ask: () => askTime(this.#client),
      monotonic: () => performance.now(),
      clock,
    });
    this.#subscriptions = new Subscriptions(this.#pubSub, {
      readCatchUp: (topic, since) => this.#readCatchUp(topic, since),
      clock,
      random,
    });
  }

  /** Connects. @throws StoreUnavailableError when Redis cannot be reached */
  static async open(options: RedisJobStoreOptions): Promise<RedisJobStore> {
    const store = new RedisJobStore(options);
    try {
      await untilConnected(store.#client);
      await store.#checkPermissions();
      await store.#secret.load();
      await store.#pubSub.start();
      await store.#serverClock.start();
      await rescheduleFar(store.#access, store.serverNow);
      return store;
    } catch (error) {
      await store[Symbol.asyncDispose]();
      throw new StoreUnavailableError('Redis cannot be reached', { cause: error });
    }
  }

  async #checkPermissions(): Promise<void> {
    const missing = await missingPermissions(this.#client, this.#publish);
    if (missing.length > 0) throw new Error(`NOPERM: the user may not use ${missing.join(', ')}`);
  }

  /** The client for commands, for other parts that store data in this Redis. */
  get client(): RedisClient {
    return this.#client;
  }

  /** The quarantine, for other parts that store data in this Redis. */
  get quarantine(): Quarantine {
    return this.#access.quarantine;
  }

  /** The time of the server, the same for all instances, in epoch milliseconds. */
  get serverNow(): number {
    return this.#serverClock.now;
  }

  /** Notifies the pollers of all instances that a job is due now, for other parts that schedule jobs. */
  async publishWork(job: Job): Promise<void> {
    const text = encodeJob(job);
    const event = text.slice(0, -1) + sealOf(text, this.#secret.key);
    await this.#client.call(this.#publish, channels.work(shardOf(job.id)), event);
  }

  /** The number of listeners, for tests. */
  get listenerCount(): number {
    return this.#pubSub.size;
  }

  create(record: NewJobRecord): Promise<CreateOutcome> {
    return attempt(() => this.#writer.create(record));
  }

  getMany(ids: readonly string[]): Promise<(Job | null)[]> {
    return attempt(() => this.#access.reader.read(ids));
  }

  isStored(jobId: string): Promise<boolean> {
    return attempt(async () => (await this.#client.exists(keys.job(jobId))) === 1);
  }

  getVideoData(jobId: string): Promise<string | null> {
    const key = keys.video(jobId);
    return attempt(() =>
      this.#access.quarantine.tolerate({ [key]: 'string' }, null, () => this.#client.get(key)),
    );
  }

  deleteVideoData(jobId: string): Promise<void> {
    return attempt(async () => {
      await this.#client.del(keys.video(jobId));
    });
  }

  get searchesPrompts(): boolean {
    return false;
  }

  remove(job: Job): Promise<RemoveOutcome> {
    return attempt(() => this.#writer.remove(job));
  }

  list(query: ListQuery): Promise<Job[]> {
    return attempt(() => listJobs(this.#access, query));
  }

  findCandidates(query: DueQuery): Promise<DueJob[] | null> {
    return attempt(() => findCandidates(this.#access, query));
  }

  leaseDue(query: LeaseQuery): Promise<LeasedJob[]> {
    const prefix = `${this.#leasePrefix}:${++this.#leases}`;
    return attempt(() => leaseDue(this.#access, query, prefix));
  }

  findWaiting(dueBefore: number, limit: number): Promise<WaitingJob[]> {
    return attempt(() => findWaiting(this.#access, dueBefore, limit));
  }

  save(leaseId: string, change: SaveChange): Promise<SaveOutcome> {
    return attempt(() => this.#writer.save(leaseId, change));
  }

  release(leased: LeasedJob, schedule: Schedule): Promise<void> {
    return attempt(() => this.#writer.release(leased, schedule));
  }

  nextDueAt(): Promise<number | null> {
    return attempt(() => nextDueAt(this.#access));
  }

  health(): Promise<StoreHealth> {
    return attempt(() => this.#health.run());
  }

  subscribe(topic: Topic, listener: TopicListener): Promise<Unsubscribe> {
    return this.#subscriptions.subscribe(topic, listener);
  }

  subscribeRemovals(ownerId: string, listener: RemovalListener): Promise<Unsubscribe> {
    return this.#subscriptions.subscribeRemovals(ownerId, listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const idle = this.#subscriptions.end();
    await this.#pubSub[Symbol.asyncDispose]();
    await this.#serverClock[Symbol.asyncDispose]();
    this.#client.disconnect();
    await idle();
  }

  #readCatchUp(topic: Topic, since: number): Promise<Job[]> {
    const { clock, retentionMs } = this.#options;
    return attempt(() => catchUp(topic, { ...this.#access, since, now: clock.now(), retentionMs }));
  }
}

/** Asks the node of one shard, the same for all instances. @returns epoch milliseconds */
async function askTime(client: RedisClient): Promise<number> {
  const answer = await runScript(client, 'reelgateTime', [keys.due(SHARDS[0] ?? '')], []);
  const [seconds = 0, microseconds = 0] = Array.isArray(answer) ? answer.map(Number) : [];
  return seconds * 1000 + microseconds / 1000;
}

import { randomUUID } from 'node:crypto';
import type { Clock } from '../../domain/clock.ts';
import { idempotencyShard } from '../../domain/job-id.ts';
import { isFinal, type Job } from '../../domain/job.ts';
import {
  type Claim,
  type ClaimQuery,
  type CreateOutcome,
  IDEMPOTENCY_MS,
  isUrgent,
  type JobStore,
  type ListQuery,
  type NewJobRecord,
  type SaveChange,
  type Schedule,
  StoreUnavailableError,
  type Topic,
  type TopicListener,
  type Unwatch,
} from '../job-store.ts';
import { ChannelHub } from './channel-hub.ts';
import { claimDue } from './claim-due.ts';
import {
  connectForCommands,
  connectForSubscriptions,
  untilConnected,
  type RedisClient,
  type RedisLocation,
} from './connections.ts';
import { missedJobs } from './missed-jobs.ts';
import { decodeJob, encodeJob } from './job-hash.ts';
import { channels, CLOCK_SKEW_MS, keys, oldestId, SHARDS, shardOf } from './keys.ts';
import { listJobs } from './list-jobs.ts';
import { giveBack, reserve } from './reservation.ts';
import { runScript } from './scripts.ts';
import { TopicWatch, type TopicWatchOptions } from './topic-watch.ts';

/** Settings of the shared store. */
export interface RedisJobStoreOptions {
  readonly location: RedisLocation;
  /** Milliseconds for which a final job can be read. */
  readonly retentionMs: number;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Called when the line for subscriptions is lost; it is made anew. */
  readonly onTrouble: (error: unknown) => void;
}

/** The shared store: many processes on one Redis or Redis Cluster. What survives a restart is up to its settings. */
export class RedisJobStore implements JobStore {
  readonly #options: RedisJobStoreOptions;
  readonly #client: RedisClient;
  readonly #hub: ChannelHub;
  readonly #publish: 'PUBLISH' | 'SPUBLISH';
  readonly #watches = new Set<TopicWatch>();
  readonly #watching: TopicWatchOptions;
  readonly #leasePrefix = randomUUID();
  #leases = 0;

  private constructor(options: RedisJobStoreOptions) {
    const { location, clock, random, onTrouble } = options;
    this.#options = options;
    this.#publish = location.cluster ? 'SPUBLISH' : 'PUBLISH';
    this.#client = connectForCommands(location);
    this.#hub = new ChannelHub({
      connect: () => connectForSubscriptions(location),
      publish: (channel, message) => this.#client.call(this.#publish, channel, message),
      beatChannels: location.cluster ? SHARDS.map(channels.beat) : [channels.beat('0')],
      clock,
      random,
      onTrouble,
    });
    this.#watching = { readMissed: (topic, since) => this.#readMissed(topic, since), clock, random };
  }

  /**
   * Connects.
   *
   * @throws StoreUnavailableError when Redis cannot be reached
   */
  static async open(options: RedisJobStoreOptions): Promise<RedisJobStore> {
    const store = new RedisJobStore(options);
    try {
      await untilConnected(store.#client);
      await store.#hub.start();
      return store;
    } catch (error) {
      await store[Symbol.asyncDispose]();
      throw new StoreUnavailableError('Redis cannot be reached.', { cause: error });
    }
  }

  /** The client for commands, for what else lives in this Redis. */
  get client(): RedisClient {
    return this.#client;
  }

  /** How many listeners there are now, for tests and metrics. */
  get listenerCount(): number {
    return this.#hub.size;
  }

  create({ job, idempotencyKey, fingerprint, limits }: NewJobRecord): Promise<CreateOutcome> {
    return this.#ask(async (client) => {
      const shard = shardOf(job.id);
      const { id, ownerId } = job;
      if (idempotencyKey !== null && shard !== idempotencyShard(ownerId, idempotencyKey)) {
        throw new Error(`The id ${id} is not in the shard of its idempotency key.`);
      }
      const now = this.#options.clock.now();
      const keptMs = Math.max(this.#options.retentionMs, IDEMPOTENCY_MS) + (job.deadlineAt - job.createdAt);
      const idempotency = keys.idempotency(shard, ownerId, idempotencyKey ?? '');
      const { refusal, undo } = await reserve(client, job, limits, now);
      // Asked also when it is refused: a known key gives its job all the same.
      const answer = await runScript(
        client,
        'reelgateCreate',
        [...queueKeys(id), keys.owner(shard, ownerId), idempotency],
        [
          [id, job.createdAt, Math.max(job.deadlineAt, job.createdAt), refusal === null ? '0' : '1'],
          [idempotencyKey === null ? '' : fingerprint, now, now + IDEMPOTENCY_MS, IDEMPOTENCY_MS / 1000],
          [oldestId(now - keptMs), Math.ceil(keptMs / 1000)],
          [encodeJob(job), this.#publish, channels.job(id), channels.owner(shard, ownerId)],
          channels.work(shard),
        ],
      );
      const [type, knownId] = Array.isArray(answer) ? answer.map(String) : [];
      if (type === 'created') return { type };
      await undo();
      if (type === 'full' && refusal !== null) return { type: 'refused', ...refusal };
      const known = await this.#read(client, [knownId ?? '']);
      if ((type !== 'duplicate' && type !== 'conflict') || known[0] == null) {
        throw new Error(`The store answered a create with ${String(type)}.`);
      }
      return { type, job: known[0] };
    });
  }

  /** Other processes write too. */
  cached(): undefined {}

  getMany(ids: readonly string[]): Promise<(Job | null)[]> {
    return this.#ask((client) => this.#read(client, ids));
  }

  getVideoData(jobId: string): Promise<string | null> {
    return this.#ask((client) => client.get(keys.video(jobId)));
  }

  list(query: ListQuery): Promise<Job[]> {
    return this.#ask((client) => listJobs(client, query, (ids) => this.#read(client, ids)));
  }

  claimDue(query: ClaimQuery): Promise<Claim[]> {
    const lease = `${this.#leasePrefix}:${++this.#leases}`;
    return this.#ask((client) => claimDue(client, query, lease));
  }

  save(claim: Claim, { job, schedule, videoData }: SaveChange): Promise<boolean> {
    return this.#ask(async (client) => {
      const { id, ownerId } = job;
      const shard = shardOf(id);
      const now = this.#options.clock.now();
      const keptUntil = Math.max(
        now + this.#options.retentionMs,
        job.createdAt + IDEMPOTENCY_MS + CLOCK_SKEW_MS,
      );
      const release = schedule === null ? 'keep' : 'release';
      const stored = await runScript(
        client,
        'reelgateSave',
        [...queueKeys(id), keys.video(id)],
        [
          [id, claim.lease, job.version, isFinal(job) ? 'final' : release],
          [schedule?.dueAt ?? 0, schedule?.faults ?? 0, schedule?.seenAt ?? '', isUrgent(job) ? '1' : '0'],
          [Math.ceil((keptUntil - now) / 1000), videoData ?? ''],
          [encodeJob(job), this.#publish, channels.job(id), channels.owner(shard, ownerId)],
        ],
      );
      if (stored !== 1) return false;
      // When it fails the save does too, and is repeated.
      if (isFinal(job)) await giveBack(client, job);
      return true;
    });
  }

  release(claim: Claim, { dueAt, faults, seenAt }: Schedule): Promise<void> {
    return this.#ask(async (client) => {
      const { id } = claim.job;
      await runScript(client, 'reelgateRelease', queueKeys(id), [
        id,
        claim.lease,
        dueAt,
        faults,
        seenAt ?? '',
      ]);
    });
  }

  nextDueAt(): Promise<number | null> {
    return this.#ask(async (client) => {
      const heads = await Promise.all(
        SHARDS.map((shard) => client.zrange(keys.due(shard), 0, 0, 'WITHSCORES')),
      );
      const scores = heads.flatMap(([, score]) => (score === undefined ? [] : [Number(score)]));
      return scores.length === 0 ? null : Math.min(...scores);
    });
  }

  async ping(): Promise<void> {
    if (!this.#hub.live) throw new StoreUnavailableError('The line for announcements is down.');
    await this.nextDueAt();
  }

  async watch(topic: Topic, listener: TopicListener): Promise<Unwatch> {
    const watch = new TopicWatch(topic, listener, this.#watching);
    this.#watches.add(watch);
    const unwatches: Unwatch[] = [];
    const unwatch = () => {
      watch.end();
      this.#watches.delete(watch);
      for (const leave of unwatches) leave();
    };
    try {
      const listening = channelsOf(topic).map((name) => this.#hub.listen(name, watch));
      const outcomes = await Promise.allSettled(listening);
      for (const outcome of outcomes) if (outcome.status === 'fulfilled') unwatches.push(outcome.value);
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
      return unwatch;
    } catch (error) {
      unwatch();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const watches = [...this.#watches];
    for (const watch of watches) watch.end();
    await this.#hub[Symbol.asyncDispose]();
    this.#client.disconnect();
    await Promise.all(watches.map((watch) => watch.idle()));
  }

  #readMissed(topic: Topic, since: number): Promise<Job[]> {
    const now = this.#options.clock.now();
    return this.#ask((client) =>
      missedJobs(topic, { client, read: (ids) => this.#read(client, ids), since, now }),
    );
  }

  async #read(client: RedisClient, ids: readonly string[]): Promise<(Job | null)[]> {
    const hashes = await Promise.all(ids.map((id) => client.hgetall(keys.job(id))));
    return hashes.map(decodeJob);
  }

  async #ask<T>(work: (client: RedisClient) => Promise<T>): Promise<T> {
    try {
      return await work(this.#client);
    } catch (error) {
      throw new StoreUnavailableError('Redis failed.', { cause: error });
    }
  }
}

/** What the scripts that move a job through the queues take first. */
function queueKeys(id: string): string[] {
  const shard = shardOf(id);
  return [keys.job(id), keys.due(shard), keys.deadline(shard), keys.urgent(shard)];
}

function channelsOf(topic: Topic): string[] {
  switch (topic.type) {
    case 'job':
      return [channels.job(topic.jobId)];
    case 'owner':
      return SHARDS.map((shard) => channels.owner(shard, topic.ownerId));
    case 'work':
      return SHARDS.map(channels.work);
  }
}

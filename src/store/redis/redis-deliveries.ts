import { randomUUID } from 'node:crypto';
import {
  type Delivery,
  type DeliveryBacklog,
  type DeliveryQuery,
  type DeliveryResult,
  jobIdOfDelivery,
  type LeasedDelivery,
  type WebhookDeliveries,
} from '../webhook-deliveries.ts';
import { deliveryState, readDeliveries } from './delivery-state.ts';
import { CLOCK_SKEW_MS, keys, shardOf, SHARDS } from './keys.ts';
import type { Quarantine } from './quarantine.ts';
import { lowest, type SetSearch } from './queue/lowest.ts';
import { attempt, type RedisClient, runScript } from './scripts/run-script.ts';

/** A search whose deliveries other workers leased meanwhile is repeated at most this many times. */
const MAX_SEARCHES = 10;
/** Milliseconds from the creation of a job after which it has ended, at most. */
const LONGEST_JOB_MS = 24 * 60 * 60 * 1000;

export interface RedisDeliveriesOptions {
  /** Owned by the caller. */
  readonly client: RedisClient;
  readonly quarantine: Quarantine;
  /** Milliseconds for which a final job can be read. */
  readonly retentionMs: number;
}

/** A lease as the script returns it. */
interface Lease {
  readonly id: string;
  readonly leaseId: string;
}

/**
 * The webhook deliveries. A job has a hash with all of its deliveries, which expires with the job. Each shard has a set of the waiting ones
 * by their due time, and one of those that fail. A shard whose keys have the wrong type is skipped.
 */
export class RedisDeliveries implements WebhookDeliveries {
  readonly #client: RedisClient;
  readonly #quarantine: Quarantine;
  readonly #retentionMs: number;
  readonly #leasePrefix = randomUUID();
  #leases = 0;

  constructor({ client, quarantine, retentionMs }: RedisDeliveriesOptions) {
    this.#client = client;
    this.#quarantine = quarantine;
    this.#retentionMs = retentionMs;
  }

  lease(query: DeliveryQuery): Promise<LeasedDelivery[]> {
    return attempt(async () => {
      const search = { client: this.#client, quarantine: this.#quarantine, brokenShards: new Set<string>() };
      const leased: LeasedDelivery[] = [];
      for (let searches = 0; searches < MAX_SEARCHES && leased.length < query.limit; searches += 1) {
        const ids = await lowest(search, keys.dueDeliveries, query.now, query.limit - leased.length);
        if (ids.length === 0) break;
        const leases = await this.#leaseAll(search, ids, query);
        leased.push(...(await this.#readLeased(leases)));
        if (leases.length === ids.length) break;
      }
      return leased;
    });
  }

  settle(delivery: LeasedDelivery, { nextAttemptAt, ...result }: DeliveryResult): Promise<boolean> {
    const { createdAt } = delivery.job;
    const isFailing = result.lastError !== null && result.deliveredAt === null;
    const state = deliveryState({ ...delivery, ...result });
    return this.#settle(delivery, state, nextAttemptAt, isFailing ? createdAt : null, createdAt);
  }

  ofJobs(jobIds: readonly string[]): Promise<Delivery[][]> {
    return attempt(() => Promise.all(jobIds.map((id) => this.#ofJob(id))));
  }

  makeDue(id: string, now: number): Promise<Delivery | null> {
    const jobId = jobIdOfDelivery(id);
    if (jobId === null) return Promise.resolve(null);
    return attempt(async () => {
      const names = [keys.dueDeliveries(shardOf(jobId)), keys.deliveries(jobId)];
      await runScript(this.#client, 'reelgateMakeDeliveryDue', names, [id, now]);
      return (await this.#ofJob(jobId)).find((delivery) => delivery.id === id) ?? null;
    });
  }

  findFailing(limit: number): Promise<Delivery[]> {
    return attempt(async () => {
      const found = await Promise.all((await this.#failingIds(limit)).map((id) => this.#readFailing(id)));
      return found.filter((delivery) => delivery !== null);
    });
  }

  backlog(): Promise<DeliveryBacklog> {
    return attempt(async () => {
      const counts = await this.#ofShards(0, (key) => this.#client.zcard(key));
      const waiting = counts.reduce((sum, count) => sum + count, 0);
      return { waiting, oldestDueAt: await this.nextDueAt() };
    });
  }

  nextDueAt(): Promise<number | null> {
    return attempt(async () => {
      const heads = await this.#ofShards([], (key) => this.#client.zrange(key, 0, 0, 'WITHSCORES'));
      const times = heads.flatMap(([, runAt]) => (runAt === undefined ? [] : [Number(runAt)]));
      return times.length === 0 ? null : Math.min(...times);
    });
  }

  /** Reads the sets of due deliveries. @param fallback for a key of another type */
  #ofShards<T>(fallback: T, read: (key: string) => Promise<T>): Promise<T[]> {
    return Promise.all(
      SHARDS.map((shard) => {
        const key = keys.dueDeliveries(shard);
        return this.#quarantine.tolerate({ [key]: 'zset' }, fallback, () => read(key));
      }),
    );
  }

  /** Returns the ids of failing deliveries, the newest job first. Some of the jobs may have expired. */
  async #failingIds(limit: number): Promise<string[]> {
    const perShard = await Promise.all(
      SHARDS.map((shard) => {
        const key = keys.failingDeliveries(shard);
        return this.#quarantine.tolerate({ [key]: 'zset' }, [], () =>
          this.#client.zrange(key, 0, limit - 1, 'REV'),
        );
      }),
    );
    const jobIds = perShard.flat().map((id) => [jobIdOfDelivery(id) ?? '', id] as const);
    const newestFirst = jobIds.toSorted(([a], [b]) => (a < b ? 1 : -1));
    return newestFirst.slice(0, limit).map(([, id]) => id);
  }

  async #readFailing(id: string): Promise<Delivery | null> {
    const jobId = jobIdOfDelivery(id) ?? '';
    const delivery = (await this.#ofJob(jobId)).find((one) => one.id === id);
    if (delivery !== undefined) return delivery;
    await this.#client.zrem(keys.failingDeliveries(shardOf(jobId)), id);
    return null;
  }

  /** @returns those that are still due, in the order of the ids */
  async #leaseAll(
    search: SetSearch,
    ids: readonly string[],
    { now, leaseUntil }: DeliveryQuery,
  ): Promise<Lease[]> {
    const prefix = `${this.#leasePrefix}:${++this.#leases}`;
    const jobIds = new Map(ids.map((id) => [id, jobIdOfDelivery(id) ?? '']));
    const perShard = await Promise.all(
      [...Map.groupBy(ids, (id) => shardOf(id))].map(async ([shard, shardIds]) => {
        const due = keys.dueDeliveries(shard);
        const hashes = shardIds.map((id) => keys.deliveries(jobIds.get(id) ?? ''));
        const answer = await this.#quarantine.tolerate({ [due]: 'zset' }, null, () =>
          runScript(
            this.#client,
            'reelgateLeaseDeliveries',
            [due, ...hashes],
            [now, leaseUntil, prefix, ...shardIds],
          ),
        );
        if (answer === null) search.brokenShards.add(shard);
        return Array.isArray(answer) ? answer.map(readLease) : [];
      }),
    );
    const order = new Map(ids.map((id, index) => [id, index]));
    return perShard.flat().toSorted((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0));
  }

  /** @returns those whose job can be read; the others are given up */
  async #readLeased(leases: readonly Lease[]): Promise<LeasedDelivery[]> {
    const found = await Promise.all(
      leases.map(async ({ id, leaseId }) => {
        const jobId = jobIdOfDelivery(id) ?? '';
        const delivery = (await this.#ofJob(jobId)).find((one) => one.id === id);
        if (delivery !== undefined) return { ...delivery, leaseId };
        await this.#settle({ id, jobId, leaseId }, '', null, null, 0);
        return null;
      }),
    );
    return found.filter((delivery) => delivery !== null);
  }

  /** @returns none when they cannot be read */
  async #ofJob(jobId: string): Promise<Delivery[]> {
    const key = keys.deliveries(jobId);
    const hash = await this.#quarantine.tolerate({ [key]: 'hash' }, {}, () =>
      this.#client.hgetallBuffer(key),
    );
    try {
      return readDeliveries(jobId, hash);
    } catch {
      return [];
    }
  }

  /**
   * @param state '' keeps the stored one
   * @param failingSince creation of the job when the delivery is failing; null: it is not
   */
  async #settle(
    { id, jobId, leaseId }: Pick<LeasedDelivery, 'id' | 'jobId' | 'leaseId'>,
    state: string,
    nextAttemptAt: number | null,
    failingSince: number | null,
    createdAt: number,
  ): Promise<boolean> {
    const shard = shardOf(jobId);
    const names = [
      keys.dueDeliveries(shard),
      keys.deliveries(jobId),
      keys.failingDeliveries(shard),
      keys.job(jobId),
    ];
    const forgotten = createdAt - this.#retentionMs - LONGEST_JOB_MS - CLOCK_SKEW_MS;
    const values = [id, leaseId, state, nextAttemptAt ?? '', failingSince ?? '', forgotten];
    return attempt(
      async () => (await runScript(this.#client, 'reelgateSettleDelivery', names, values)) === 1,
    );
  }
}

function readLease([id = '', leaseId = '']: readonly string[]): Lease {
  return { id, leaseId };
}

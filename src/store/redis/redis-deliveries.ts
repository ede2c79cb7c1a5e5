import { randomUUID } from 'node:crypto';
import {
  type Delivery,
  type DeliveryQuery,
  type DeliveryResult,
  jobIdOfDelivery,
  type LeasedDelivery,
  type SettledDelivery,
  UNREADABLE_PAUSE_MS,
  type WebhookDeliveries,
} from '../webhook-deliveries.ts';
import { deliveryState, readDeliveries } from './delivery-state.ts';
import { CLOCK_SKEW_MS, keys, shardOf, SHARDS } from './keys.ts';
import type { Quarantine } from './quarantine.ts';
import { leaseLowest } from './queue/lease-lowest.ts';
import { lowestScore, type SetAccess } from './queue/lowest.ts';
import { attempt, type RedisClient, runScript } from './scripts/run-script.ts';

/** Milliseconds from the creation of a job after which it has ended, at most. */
const LONGEST_JOB_MS = 24 * 60 * 60 * 1000;

export interface RedisDeliveriesOptions {
  /** Owned by the caller. */
  readonly client: RedisClient;
  readonly quarantine: Quarantine;
  /** Milliseconds for which a final job can be read. */
  readonly retentionMs: number;
}

/**
 * The webhook deliveries. A job has a hash with all of its deliveries, which expires with the job. Each shard has a set of the waiting ones
 * by their due time, and one of those that fail. A shard whose keys have the wrong type is skipped.
 */
export class RedisDeliveries implements WebhookDeliveries {
  readonly #client: RedisClient;
  readonly #quarantine: Quarantine;
  readonly #access: SetAccess;
  readonly #retentionMs: number;
  readonly #leasePrefix = randomUUID();
  #leases = 0;

  constructor({ client, quarantine, retentionMs }: RedisDeliveriesOptions) {
    this.#client = client;
    this.#quarantine = quarantine;
    this.#access = { client, quarantine };
    this.#retentionMs = retentionMs;
  }

  lease(query: DeliveryQuery): Promise<LeasedDelivery[]> {
    const values = [query.now, query.leaseUntil, `${this.#leasePrefix}:${++this.#leases}`];
    return attempt(async () => {
      const leases = await leaseLowest(this.#access, keys.dueDeliveries, query, (shard, ids) => {
        const due = keys.dueDeliveries(shard);
        const hashes = ids.map((id) => keys.deliveries(jobIdOfDelivery(id) ?? ''));
        return this.#quarantine.tolerate({ [due]: 'zset' }, null, () =>
          runScript(this.#client, 'reelgateLeaseDeliveries', [due, ...hashes], [...values, ...ids]),
        );
      });
      return this.#readLeased(leases, query.now);
    });
  }

  settle(
    delivery: LeasedDelivery,
    { nextAttemptAt, ...result }: DeliveryResult,
  ): Promise<SettledDelivery | null> {
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

  countWaiting(): Promise<number> {
    return attempt(async () => {
      const counts = await Promise.all(
        SHARDS.map(keys.dueDeliveries).map((key) =>
          this.#quarantine.tolerate({ [key]: 'zset' }, 0, () => this.#client.zcard(key)),
        ),
      );
      return counts.reduce((sum, count) => sum + count, 0);
    });
  }

  nextDueAt(): Promise<number | null> {
    return attempt(() => lowestScore(this.#access, keys.dueDeliveries));
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

  /** @returns those that can be read; the others are put off */
  async #readLeased(leases: readonly string[][], now: number): Promise<LeasedDelivery[]> {
    const found = await Promise.all(
      leases.map(async ([id = '', leaseId = '']) => {
        const jobId = jobIdOfDelivery(id) ?? '';
        const delivery = (await this.#ofJob(jobId)).find((one) => one.id === id);
        if (delivery !== undefined) return { ...delivery, leaseId };
        await this.#settle({ id, jobId, leaseId }, '', now + UNREADABLE_PAUSE_MS, null, 0);
        return null;
      }),
    );
    return found.filter((delivery) => delivery !== null);
  }

  /** @returns none when they cannot be read, which is reported */
  async #ofJob(jobId: string): Promise<Delivery[]> {
    const key = keys.deliveries(jobId);
    const hash = await this.#quarantine.tolerate({ [key]: 'hash' }, {}, () =>
      this.#client.hgetallBuffer(key),
    );
    try {
      return readDeliveries(jobId, hash);
    } catch (error) {
      this.#quarantine.report(key, error);
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
  ): Promise<SettledDelivery | null> {
    const shard = shardOf(jobId);
    const names = [
      keys.dueDeliveries(shard),
      keys.deliveries(jobId),
      keys.failingDeliveries(shard),
      keys.job(jobId),
    ];
    const forgotten = createdAt - this.#retentionMs - LONGEST_JOB_MS - CLOCK_SKEW_MS;
    const values = [id, leaseId, state, nextAttemptAt ?? '', failingSince ?? '', forgotten];
    return attempt(async () => {
      const next = await runScript(this.#client, 'reelgateSettleDelivery', names, values);
      return typeof next === 'string' ? { nextAttemptAt: next === '' ? null : Number(next) } : null;
    });
  }
}

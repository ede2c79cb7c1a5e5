import { randomUUID } from 'node:crypto';
import type { JobVideo } from '../../domain/job/job.ts';
import type { FileTaskQuery, FileTasks, FileTaskSchedule, LeasedFileTask } from '../file-tasks.ts';
import { JobReader } from './jobs/job-reader.ts';
import { keys, shardOf, SHARDS } from './keys.ts';
import type { Quarantine } from './quarantine.ts';
import { lowest, type SetSearch } from './queue/lowest.ts';
import { scanJobIds } from './queue/scan-job-ids.ts';
import { attempt, type RedisClient, runScript } from './scripts/run-script.ts';

/** A search whose tasks other workers leased meanwhile is repeated at most this many times. */
const MAX_SEARCHES = 10;

/**
 * The queue of file tasks. Each shard has a set of tasks by their due time, and a hash with the leases and failure counts of those that
 * have any. A shard whose keys have the wrong type is skipped.
 */
export class RedisFileTasks implements FileTasks {
  readonly #client: RedisClient;
  readonly #quarantine: Quarantine;
  readonly #reader: JobReader;
  readonly #leasePrefix = randomUUID();
  #leases = 0;

  /** @param client owned by the caller */
  constructor(client: RedisClient, quarantine: Quarantine) {
    this.#client = client;
    this.#quarantine = quarantine;
    this.#reader = new JobReader(client, quarantine);
  }

  addMissing(cursor: string | null, limit: number, now: number): Promise<string | null> {
    return attempt(async () => {
      const slice = await scanJobIds(this.#client, cursor, limit);
      const hasTask = await Promise.all(slice.ids.map((id) => this.#hasTask(id)));
      const jobs = await this.#reader.read(slice.ids.filter((_, index) => !hasTask[index]));
      const missing = jobs
        .filter((job) => job !== null)
        .filter(({ phase, video }) => phase === 'completed' && isAvailable(video, now));
      await Promise.all(
        missing.map(({ id }) => this.#client.zadd(keys.fileTasks(shardOf(id)), 'NX', now, id)),
      );
      return slice.next;
    });
  }

  makeDue(cursor: string | null, limit: number, now: number): Promise<string | null> {
    return attempt(async () => {
      const slice = await scanJobIds(this.#client, cursor, limit);
      await Promise.all(
        [...Map.groupBy(slice.ids, shardOf)].map(([shard, ids]) => {
          const [due, leases] = [keys.fileTasks(shard), keys.fileLeases(shard)];
          return this.#quarantine.tolerate({ [due]: 'zset', [leases]: 'hash' }, null, () =>
            runScript(this.#client, 'reelgateMakeFilesDue', [due, leases], [now, ...ids]),
          );
        }),
      );
      return slice.next;
    });
  }

  lease(query: FileTaskQuery): Promise<LeasedFileTask[]> {
    return attempt(async () => {
      const search = { client: this.#client, quarantine: this.#quarantine, brokenShards: new Set<string>() };
      const leased: LeasedFileTask[] = [];
      for (let searches = 0; searches < MAX_SEARCHES && leased.length < query.limit; searches += 1) {
        const ids = await lowest(search, keys.fileTasks, query.now, query.limit - leased.length);
        if (ids.length === 0) break;
        const found = await this.#leaseAll(search, ids, query);
        leased.push(...found);
        if (found.length === ids.length) break;
      }
      return leased;
    });
  }

  extend(task: LeasedFileTask, leaseUntil: number): Promise<boolean> {
    return this.#settle(task, ['extend', leaseUntil]);
  }

  release(task: LeasedFileTask, { runAt, failureCount }: FileTaskSchedule): Promise<boolean> {
    return this.#settle(task, ['release', runAt, failureCount]);
  }

  complete(task: LeasedFileTask): Promise<boolean> {
    return this.#settle(task, ['complete']);
  }

  nextDueAt(): Promise<number | null> {
    return attempt(async () => {
      const heads = await Promise.all(
        SHARDS.map((shard) => {
          const key = keys.fileTasks(shard);
          return this.#quarantine.tolerate({ [key]: 'zset' }, [], () =>
            this.#client.zrange(key, 0, 0, 'WITHSCORES'),
          );
        }),
      );
      const times = heads.flatMap(([, runAt]) => (runAt === undefined ? [] : [Number(runAt)]));
      return times.length === 0 ? null : Math.min(...times);
    });
  }

  /** @returns the tasks that are still due, in the order of the ids */
  async #leaseAll(
    search: SetSearch,
    ids: readonly string[],
    { now, leaseUntil }: FileTaskQuery,
  ): Promise<LeasedFileTask[]> {
    const prefix = `${this.#leasePrefix}:${++this.#leases}`;
    const perShard = await Promise.all(
      [...Map.groupBy(ids, shardOf)].map(async ([shard, shardIds]) => {
        const [due, leases] = [keys.fileTasks(shard), keys.fileLeases(shard)];
        const answer = await this.#quarantine.tolerate({ [due]: 'zset', [leases]: 'hash' }, null, () =>
          runScript(
            this.#client,
            'reelgateLeaseFiles',
            [due, leases],
            [now, leaseUntil, prefix, ...shardIds],
          ),
        );
        if (answer === null) search.brokenShards.add(shard);
        return Array.isArray(answer) ? answer.map(readTask) : [];
      }),
    );
    const order = new Map(ids.map((id, index) => [id, index]));
    return perShard.flat().toSorted((a, b) => (order.get(a.jobId) ?? 0) - (order.get(b.jobId) ?? 0));
  }

  async #hasTask(id: string): Promise<boolean> {
    const key = keys.fileTasks(shardOf(id));
    const score = await this.#quarantine.tolerate({ [key]: 'zset' }, '', () => this.#client.zscore(key, id));
    return score !== null;
  }

  #settle({ jobId, leaseId }: LeasedFileTask, how: readonly (string | number)[]): Promise<boolean> {
    const shard = shardOf(jobId);
    const [due, leases] = [keys.fileTasks(shard), keys.fileLeases(shard)];
    return attempt(
      async () =>
        (await runScript(this.#client, 'reelgateSettleFile', [due, leases], [jobId, leaseId, ...how])) === 1,
    );
  }
}

function isAvailable(video: JobVideo | null, now: number): boolean {
  return video !== null && (video.inline || video.expiresAt > now);
}

function readTask([jobId = '', leaseId = '', failureCount = '']: readonly string[]): LeasedFileTask {
  return { jobId, leaseId, failureCount: Number(failureCount) };
}

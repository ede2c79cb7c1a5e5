import { randomUUID } from 'node:crypto';
import type { JobVideo } from '../../domain/job/job.ts';
import type { FileTaskQuery, FileTasks, FileTaskSchedule, LeasedFileTask } from '../file-tasks.ts';
import { JobReader } from './jobs/job-reader.ts';
import { keys, shardOf } from './keys.ts';
import type { Quarantine } from './quarantine.ts';
import { leaseLowest } from './queue/lease-lowest.ts';
import { lowestScore, type SetAccess } from './queue/lowest.ts';
import { scanJobIds } from './queue/scan-job-ids.ts';
import { attempt, type RedisClient, runScript } from './scripts/run-script.ts';

/**
 * The queue of file tasks. Each shard has a set of tasks by their due time, and a hash with the leases and failure counts of those that
 * have any. A shard whose keys have the wrong type is skipped.
 */
export class RedisFileTasks implements FileTasks {
  readonly #client: RedisClient;
  readonly #quarantine: Quarantine;
  readonly #access: SetAccess;
  readonly #reader: JobReader;
  readonly #leasePrefix = randomUUID();
  #leases = 0;

  /** @param client owned by the caller */
  constructor(client: RedisClient, quarantine: Quarantine) {
    this.#client = client;
    this.#quarantine = quarantine;
    this.#access = { client, quarantine };
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
    const values = [query.now, query.leaseUntil, `${this.#leasePrefix}:${++this.#leases}`];
    return attempt(async () => {
      const leased = await leaseLowest(this.#access, keys.fileTasks, query, (shard, ids) => {
        const [due, leases] = [keys.fileTasks(shard), keys.fileLeases(shard)];
        return this.#quarantine.tolerate({ [due]: 'zset', [leases]: 'hash' }, null, () =>
          runScript(this.#client, 'reelgateLeaseFiles', [due, leases], [...values, ...ids]),
        );
      });
      return leased.map(readTask);
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
    return attempt(() => lowestScore(this.#access, keys.fileTasks));
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

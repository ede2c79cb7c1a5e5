import type { Job } from '../../../domain/job/job.ts';
import type { ScheduledJob } from '../../backlog.ts';
import type { DueJob } from '../../job-store.ts';
import { keys, shardOf } from '../keys.ts';
import { type Quarantine, wrongTypeOrThrow } from '../quarantine.ts';
import type { RedisClient } from '../scripts/run-script.ts';
import { decodeDueJob, decodeJob, fromBytes, type Hash, isCompact, isLeased } from './job-hash.ts';

/** Dependencies of functions that find and read jobs. */
export interface JobAccess {
  readonly client: RedisClient;
  readonly reader: JobReader;
  readonly quarantine: Quarantine;
}

/** How many jobs are decoded at once. Ten milliseconds must be enough for them. */
const BATCH = 200;

/** Reads jobs. A job that cannot be read counts as missing and is quarantined. */
export class JobReader {
  readonly #client: RedisClient;
  readonly #quarantine: Quarantine;

  constructor(client: RedisClient, quarantine: Quarantine) {
    this.#client = client;
    this.#quarantine = quarantine;
  }

  /** Reads in one round trip for each batch. @returns one entry for each id, in order; null for a missing job */
  read(ids: readonly string[]): Promise<(Job | null)[]> {
    return this.#readAll(ids, decodeJob);
  }

  /** As `read`, with the poller's fields. */
  readDue(ids: readonly string[]): Promise<(DueJob | null)[]> {
    return this.#readAll(ids, decodeDueJob);
  }

  /** Reads those of the jobs that are scheduled, in order. @param now epoch milliseconds */
  async readScheduled(ids: readonly string[], now: number): Promise<ScheduledJob[]> {
    const [found, runAts] = await Promise.all([
      this.#readAll(ids, (hash) => {
        const due = decodeDueJob(hash);
        return due === null ? null : { ...due, isLeased: isLeased(hash) };
      }),
      Promise.all(ids.map((id) => this.#client.zscore(keys.due(shardOf(id)), id).catch(wrongTypeOrThrow))),
    ]);
    return found.flatMap((job, index) => {
      const runAt = runAts[index];
      if (job === null || typeof runAt !== 'string') return [];
      // A lease that has expired is still in the record.
      return [{ ...job, runAt: Number(runAt), isLeased: job.isLeased && Number(runAt) > now }];
    });
  }

  async #readAll<T>(ids: readonly string[], decode: (hash: Hash) => T | null): Promise<(T | null)[]> {
    const jobs: (T | null)[] = [];
    for (let start = 0; start < ids.length; start += BATCH) {
      jobs.push(...(await this.#readBatch(ids.slice(start, start + BATCH), decode)));
    }
    return jobs;
  }

  async #readBatch<T>(ids: readonly string[], decode: (hash: Hash) => T | null): Promise<(T | null)[]> {
    const hashes = await Promise.all(
      ids.map((id) => this.#client.hgetallBuffer(keys.job(id)).catch(wrongTypeOrThrow)),
    );
    const corrections: Promise<void>[] = [];
    const jobs = hashes.map((found, index) => {
      try {
        if (found instanceof Error) throw found;
        const hash = fromBytes(found);
        const job = decode(hash);
        if (isCompact(hash) && '@quarantined' in hash) {
          corrections.push(this.#quarantine.readmitFinal(ids[index] ?? ''));
        }
        return job;
      } catch (error) {
        corrections.push(this.#quarantine.addOnce(ids[index] ?? '', error));
        return null;
      }
    });
    await Promise.all(corrections);
    return jobs;
  }
}

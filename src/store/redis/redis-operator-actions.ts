import { forcedEndAt, isFinal, type Job } from '../../domain/job/job.ts';
import type { ScheduledJob } from '../backlog.ts';
import type { OperatorActions, ReleaseRecordOutcome } from '../operator-actions.ts';
import { decodeJob, fromBytes } from './jobs/job-hash.ts';
import { JobReader } from './jobs/job-reader.ts';
import { keys, shardOf } from './keys.ts';
import { type Quarantine, wrongTypeOrThrow } from './quarantine.ts';
import { attempt, type RedisClient, runScript } from './scripts/run-script.ts';

export interface RedisOperatorActionsOptions {
  /** Owned by the caller. */
  readonly client: RedisClient;
  readonly quarantine: Quarantine;
  /** Wakes the pollers of all instances: the job is due now. */
  readonly publishWork: (job: Job) => Promise<void>;
}

/** What operators can do about jobs of the shared store. */
export class RedisOperatorActions implements OperatorActions {
  readonly #options: RedisOperatorActionsOptions;
  readonly #reader: JobReader;

  constructor(options: RedisOperatorActionsOptions) {
    this.#options = options;
    this.#reader = new JobReader(options.client, options.quarantine);
  }

  releaseRecord(id: string, now: number): Promise<ReleaseRecordOutcome> {
    const { client, quarantine, publishWork } = this.#options;
    const shard = shardOf(id);
    const names = [keys.job(id), keys.due(shard), keys.deadline(shard), keys.quarantine(shard)];
    return attempt(async () => {
      const job = await this.#read(id);
      if (job === null) return { type: 'missing' };
      if (job instanceof Error) {
        const isQuarantined = (await client.zscore(keys.quarantine(shard), id)) !== null;
        return isQuarantined ? { type: 'unreadable', error: String(job) } : { type: 'missing' };
      }
      const deadline = isFinal(job) ? '' : forcedEndAt(job);
      if ((await runScript(client, 'reelgateReadmit', names, [id, now, deadline])) !== 1) {
        return { type: 'missing' };
      }
      quarantine.forget(id);
      if (!isFinal(job)) await publishWork(job);
      return { type: 'released', job };
    });
  }

  findScheduled(id: string, now: number): Promise<ScheduledJob | null> {
    return attempt(async () => (await this.#reader.readScheduled([id], now))[0] ?? null);
  }

  makeDue({ job, runAt }: ScheduledJob, now: number): Promise<boolean> {
    const { client, publishWork } = this.#options;
    const names = [keys.job(job.id), keys.due(shardOf(job.id))];
    return attempt(async () => {
      if ((await runScript(client, 'reelgateMakeDue', names, [job.id, now, runAt])) !== 1) return false;
      await publishWork(job);
      return true;
    });
  }

  /** @returns null when there is no record; why it cannot be read */
  async #read(id: string): Promise<Job | Error | null> {
    const found = await this.#options.client.hgetallBuffer(keys.job(id)).catch(wrongTypeOrThrow);
    if (found instanceof Error) return found;
    try {
      return decodeJob(fromBytes(found));
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }
}

import { isFinal, type Job } from '../../src/domain/job/job.ts';
import type { SaveOutcome } from '../../src/store/job-store.ts';
import type { SqliteJobStore } from '../../src/store/sqlite/sqlite-job-store.ts';
import { createAndLease } from '../contract/job-store-cases/opened-store.ts';
import { openSqlite } from '../store/sqlite/open-sqlite.ts';
import { settled } from '../support/fake-clock.ts';
import { acceptedJob, completed, nextVersion } from '../support/jobs.ts';
import { NOON } from '../support/times.ts';

/** A real store whose jobs a test moves version by version. */
export class WatchHarness implements AsyncDisposable {
  readonly store: SqliteJobStore;
  readonly #opened = openSqlite({ now: () => NOON });
  readonly #save = new Map<string, (job: Job) => Promise<SaveOutcome>>();
  readonly #current = new Map<string, Job>();

  constructor() {
    this.store = this.#opened.store;
  }

  /** Stores a job at version 1. */
  async create(ownerId = 'ada'): Promise<Job> {
    const leased = await createAndLease(this.store, acceptedJob({ ownerId }));
    this.#current.set(leased.job.id, leased.job);
    this.#save.set(leased.job.id, (job) => this.store.save(leased.leaseId, { job, schedule: null }));
    return leased.job;
  }

  /** Saves the next versions of a job. @returns the last of them */
  async change({ id }: Job, times = 1): Promise<Job> {
    for (let i = 0; i < times; i += 1) await this.#put(id, nextVersion(this.#now(id)));
    return this.#now(id);
  }

  /** Saves the final version of a job. */
  async finish({ id }: Job): Promise<Job> {
    return this.#put(id, completed(this.#now(id), NOON));
  }

  async #put(id: string, job: Job): Promise<Job> {
    if ((await this.#save.get(id)?.(job)) !== 'saved') throw new Error('The store did not take the version.');
    this.#current.set(id, job);
    return job;
  }

  #now(id: string): Job {
    const job = this.#current.get(id);
    if (job === undefined || isFinal(job)) throw new Error('There is no such job, or it is final.');
    return job;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened[Symbol.asyncDispose]();
  }
}

/** Whether a promise has settled by now. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let pending = true;
  const end = () => {
    pending = false;
  };
  promise.then(end, end);
  await settled();
  return pending;
}

/** Reads an iterator to its end. */
export async function versionsOf(iterator: AsyncIterable<Job>): Promise<number[]> {
  const versions: number[] = [];
  for await (const job of iterator) versions.push(job.version);
  return versions;
}

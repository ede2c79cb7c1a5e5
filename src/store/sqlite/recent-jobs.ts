import type { Job } from '../../domain/job/job.ts';
import type { JobCache } from '../job-store.ts';

/** In each generation. */
const MAX_JOBS = 500;

/**
 * Jobs that were read or saved last, so that what many ask for is read once. It knows of every write, as the folder has
 * one process. What was not asked for while 500 others were is forgotten.
 */
export class RecentJobs implements JobCache {
  #young = new Map<string, Job>();
  /** Those that were young before; an older version of a job in both. */
  #old = new Map<string, Job>();

  /** @returns undefined when it has to be read */
  get(id: string): Job | undefined {
    const young = this.#young.get(id);
    if (young !== undefined) return young;
    const old = this.#old.get(id);
    if (old !== undefined) this.set(old);
    return old;
  }

  set(job: Job): void {
    this.#young.set(job.id, job);
    if (this.#young.size < MAX_JOBS) return;
    this.#old = this.#young;
    this.#young = new Map();
  }

  delete(id: string): void {
    this.#young.delete(id);
    this.#old.delete(id);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }
}

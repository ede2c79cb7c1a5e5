import type { Job } from '../../domain/job.ts';

const MAX_JOBS = 1000;

/**
 * Jobs that were read or saved last, so that what many ask for is read once. It knows of every write, as the folder has
 * one process.
 */
export class RecentJobs {
  readonly #jobs = new Map<string, Job>();

  /** @returns undefined when it has to be read */
  get(id: string): Job | undefined {
    const job = this.#jobs.get(id);
    if (job !== undefined) {
      // The oldest in the map is the one that was asked for longest ago.
      this.#jobs.delete(id);
      this.#jobs.set(id, job);
    }
    return job;
  }

  set(job: Job): void {
    this.#jobs.delete(job.id);
    this.#jobs.set(job.id, job);
    if (this.#jobs.size <= MAX_JOBS) return;
    const [oldest] = this.#jobs.keys();
    if (oldest !== undefined) this.#jobs.delete(oldest);
  }

  clear(): void {
    this.#jobs.clear();
  }
}

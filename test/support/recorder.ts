import type { Job } from '../../src/domain/job/job.ts';
import type { TopicListener } from '../../src/store/job-store.ts';

/** A listener that keeps what it was told. Announcements may take their time, so that tests wait for them. */
export class Recorder {
  readonly jobs: Job[] = [];
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  /** Usable unbound. */
  readonly listener: TopicListener = (job) => {
    this.jobs.push(job);
    for (const { count, resolve } of this.#waiting) if (this.jobs.length >= count) resolve();
  };

  get versions(): number[] {
    return this.jobs.map((job) => job.version);
  }

  /** Resolves once this many announcements were heard; a test that waits in vain runs into its time limit. */
  async heard(count: number): Promise<void> {
    if (this.jobs.length >= count) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ count, resolve });
    await promise;
  }
}

import type { Job } from '../../src/domain/job/job.ts';
import type { TopicListener } from '../../src/store/job-store.ts';

/** A listener that records the published versions. Publishing is asynchronous, so tests wait for it. */
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

  /** Resolves once this many versions were published; otherwise the test ends by its time limit. */
  async received(count: number): Promise<void> {
    if (this.jobs.length >= count) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ count, resolve });
    await promise;
  }
}

import DataLoader from 'dataloader';
import { type Caller, ownsJob } from '../domain/caller.ts';
import type { Clock } from '../domain/clock.ts';
import type { Job } from '../domain/job/job.ts';
import type { MediaUrls } from '../domain/local-media.ts';
import type { JobStore } from '../store/job-store.ts';
import { requireScope } from './access.ts';
import { JobView } from './job-view.ts';

/**
 * Reads jobs for one operation, in batches unless they are cached. A class, because an object literal with a getter would have a
 * shape of its own, which V8 keeps until the next full garbage collection.
 */
export class JobReader {
  readonly #store: JobStore;
  readonly #caller: Caller;
  readonly #clock: Clock;
  readonly #media: MediaUrls | null;
  /** Created when it is needed: most operations need none. */
  #loader: DataLoader<string, JobView | null> | undefined;

  constructor(store: JobStore, clock: Clock, caller: Caller, media: MediaUrls | null) {
    this.#store = store;
    this.#clock = clock;
    this.#caller = caller;
    this.#media = media;
  }

  /**
   * @returns null when the job is unknown or belongs to another owner
   * @throws GraphQLError with code FORBIDDEN when the caller lacks the scope to read
   */
  load(id: string): JobView | null | Promise<JobView | null> {
    requireScope(this.#caller, 'video:read');
    const cached = this.#store.cached?.(id);
    if (cached !== undefined) return this.#visible(cached);
    this.#loader ??= new DataLoader((ids) => this.#read(ids));
    return this.#loader.load(id);
  }

  async #read(ids: readonly string[]): Promise<(JobView | null)[]> {
    const found = await this.#store.getMany(ids);
    return found.map((job) => (job === null ? null : this.#visible(job)));
  }

  #visible(job: Job): JobView | null {
    return ownsJob(this.#caller, job) ? new JobView(job, this.#clock.now(), this.#media) : null;
  }
}

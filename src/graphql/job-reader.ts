import DataLoader from 'dataloader';
import { type Caller, ownsJob } from '../domain/caller.ts';
import type { Job } from '../domain/job.ts';
import type { JobStore } from '../store/job-store.ts';
import { requireScope } from './access.ts';

/**
 * Reads jobs for one operation: those that are not at hand in batches. A class, as an object with a getter of its own would have a shape of its own
 * too, and V8 keeps those until the next full collection.
 */
export class JobReader {
  readonly #store: JobStore;
  readonly #caller: Caller;
  /** Most operations over a WebSocket, and all events, need none. */
  #loader: DataLoader<string, Job | null> | undefined;

  constructor(store: JobStore, caller: Caller) {
    this.#store = store;
    this.#caller = caller;
  }

  /**
   * @returns null when it is unknown or somebody else's
   * @throws GraphQLError with code FORBIDDEN when the caller lacks the scope to read
   */
  load(id: string): Job | null | Promise<Job | null> {
    requireScope(this.#caller, 'video:read');
    const cached = this.#store.cached(id);
    if (cached !== undefined) return this.#visible(cached);
    this.#loader ??= new DataLoader((ids) => this.#read(ids));
    return this.#loader.load(id);
  }

  async #read(ids: readonly string[]): Promise<(Job | null)[]> {
    const found = await this.#store.getMany(ids);
    return found.map((job) => (job === null ? null : this.#visible(job)));
  }

  #visible(job: Job): Job | null {
    return ownsJob(this.#caller, job) ? job : null;
  }
}

import type { Reelgate, VideoJobPage } from '../reelgate.ts';
import type { VideoJob, VideoJobFilter } from '../types.ts';
import { matches } from './job-filter.ts';
import { type Reconnections, untilRetry } from './retry.ts';
import { LiveStore } from './store.ts';
import { toError } from './watched-job.ts';

/** What a list needs of a client. */
export interface JobListClient extends Pick<Reelgate, 'jobs' | 'watchAll'> {
  readonly connection: Reconnections;
}

/** The gateway's maximum of jobs in a page. */
const MAX_PAGE = 100;
/** The number of ids that are remembered. */
const MAX_IDS = 1000;

export interface JobListState {
  /** Newest first. */
  readonly jobs: readonly VideoJob[];
  readonly isLoading: boolean;
  readonly hasMore: boolean;
  readonly error: Error | null;
}

/** The state before the first page is read. */
export const UNREAD: JobListState = { jobs: [], isLoading: true, hasMore: false, error: null };

/**
 * The caller's jobs that meet a filter, kept up to date: watches the changes of all jobs, then reads the list, and reads it again
 * whenever changes may have been missed. Earlier changes are in the list, later ones arrive as changes.
 */
export class JobList extends LiveStore<JobListState> {
  /** Called for each change of a job, with its listed state before. */
  onUpdate: ((job: VideoJob, before: VideoJob | null) => void) | undefined;
  /** Called with a listed job that was deleted. */
  onDelete: ((job: VideoJob) => void) | undefined;
  readonly #client: JobListClient;
  readonly #filter: VideoJobFilter | null;
  readonly #pageSize: number;
  readonly #jobs = new Map<string, VideoJob>();
  /** The newest states of jobs that changed; null: deleted. A page that was sent before a change can arrive after it. */
  readonly #changed = new Map<string, VideoJob | null>();
  /** Ids of jobs of which the gateway was asked whether their prompts match. */
  readonly #searched = new Map<string, true>();
  /** Ids of the listed jobs that the present reading did not find yet. */
  readonly #missing = new Set<string>();
  #endCursor: string | null = null;
  #reading: AbortController | null = null;
  #readsAgain = false;
  #loadingMore: Promise<void> | null = null;

  constructor(client: JobListClient, filter: VideoJobFilter | null, pageSize: number) {
    super(UNREAD);
    this.#client = client;
    this.#filter = filter;
    this.#pageSize = pageSize;
  }

  /** Reads the next page. Resolves at once when there is none. */
  readonly loadMore = (): Promise<void> => {
    this.#loadingMore ??= this.#readMore().finally(() => (this.#loadingMore = null));
    return this.#loadingMore;
  };

  protected override async follow(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        for await (const change of this.#client.watchAll({ signal })) {
          failures = 0;
          if (change.type === 'watching') this.#read();
          else if (change.type === 'updated') this.#update(change.job);
          else this.#delete(change.id);
        }
        throw new Error('The jobs are not watched any more.');
      } catch (error) {
        await this.#fail(error, failures, signal);
      }
    }
  }

  protected override onStopped(): void {
    this.#reading?.abort();
  }

  /** Shows an error and waits until the next attempt. */
  async #fail(error: unknown, failures: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.set({ ...this.get(), error: toError(error) });
    await untilRetry(this.#client.connection, error, failures, signal);
  }

  #update(job: VideoJob): void {
    const { id, version } = job;
    const changed = this.#changed.get(id);
    const before = this.#jobs.get(id) ?? null;
    if (changed === null || (changed ?? before ?? { version: 0 }).version >= version) return;
    remember(this.#changed, id, job);
    this.#missing.delete(id);
    if (!matches(job, this.#filter)) {
      if (before === null) return;
      this.#searched.delete(id);
      this.#remove(id);
    } else if (before !== null || !this.#isUnread(id)) {
      if (before === null && this.#filter?.prompt != null) return this.#search(id);
      this.#jobs.set(id, job);
      this.#show();
    }
    this.#report(job, before);
  }

  #delete(id: string): void {
    const job = this.#jobs.get(id);
    remember(this.#changed, id, null);
    if (job === undefined) return;
    this.#remove(id);
    queueMicrotask(() => this.onDelete?.(job));
  }

  #remove(id: string): void {
    this.#jobs.delete(id);
    this.#show();
    if (this.#jobs.size === 0 && this.#endCursor !== null) this.#read();
  }

  /** Whether a job belongs to a page that is not read yet. */
  #isUnread(id: string): boolean {
    const oldest = this.#sorted().at(-1);
    return this.#endCursor !== null && oldest !== undefined && id < oldest.id;
  }

  /** Reads the list to learn whether a prompt matches the filter. Prompts do not change, so once is enough. */
  #search(id: string): void {
    if (this.#searched.has(id)) return;
    remember(this.#searched, id, true);
    if (this.#reading === null) this.#read();
    else this.#readsAgain = true;
  }

  /** Reads the list, and ends an earlier reading. */
  #read(): void {
    this.#reading?.abort();
    this.#reading = new AbortController();
    void this.#readUntilDone(this.#reading.signal);
  }

  async #readUntilDone(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        this.#readsAgain = false;
        await this.#readPages(signal);
        if (signal.aborted || this.#readsAgain) continue;
        this.#reading = null;
        return;
      } catch (error) {
        await this.#fail(error, failures, signal);
      }
    }
  }

  /** Reads as many pages as are listed already, so that all missed changes and deletions are found. */
  async #readPages(signal: AbortSignal): Promise<void> {
    this.#missing.clear();
    for (const id of this.#jobs.keys()) this.#missing.add(id);
    let first = Math.min(Math.max(this.#pageSize, this.#missing.size), MAX_PAGE);
    let after: string | null = null;
    let isReached: boolean;
    do {
      const page: VideoJobPage = await this.#client.jobs({ filter: this.#filter, first, after, signal });
      if (signal.aborted) return;
      if (this.get().isLoading) this.#forgetUnread(page);
      isReached = this.#merge(page);
      after = page.endCursor;
      first = MAX_PAGE;
    } while (after !== null && !isReached);
    for (const id of this.#missing) this.#jobs.delete(id);
    this.#show({ isLoading: false, error: null });
  }

  async #readMore(): Promise<void> {
    if (this.#endCursor === null) return;
    this.#merge(
      await this.#client.jobs({ filter: this.#filter, first: this.#pageSize, after: this.#endCursor }),
    );
    this.#show();
  }

  /** Removes jobs that changed before the first page was read and that belong to a later page. */
  #forgetUnread({ jobs, endCursor }: VideoJobPage): void {
    const last = jobs.at(-1);
    if (endCursor === null || last === undefined) return;
    for (const id of this.#jobs.keys()) if (id < last.id) this.#jobs.delete(id);
  }

  /** Adds a page to the list. @returns whether it ends with the oldest job of the list */
  #merge({ jobs, endCursor }: VideoJobPage): boolean {
    for (const read of jobs) {
      const { id } = read;
      const changed = this.#changed.get(id);
      this.#missing.delete(id);
      // Deleted meanwhile.
      if (changed === null) continue;
      const job = changed !== undefined && changed.version > read.version ? changed : read;
      const before = this.#jobs.get(id);
      if ((before !== undefined && before.version >= job.version) || !matches(job, this.#filter)) continue;
      this.#jobs.set(id, job);
      if (before !== undefined) this.#report(job, before);
    }
    const last = jobs.at(-1)?.id;
    const oldest = this.#sorted().at(-1)?.id;
    const isReached = last === undefined || oldest === undefined || last <= oldest;
    // The page with the oldest job knows whether there are older ones. It is empty when they were deleted.
    if (isReached || endCursor === null) this.#endCursor = endCursor;
    return isReached;
  }

  #show(change: Partial<JobListState> = {}): void {
    const next = { ...this.get(), ...change };
    this.set({ ...next, jobs: next.isLoading ? [] : this.#sorted(), hasMore: this.#endCursor !== null });
  }

  /** Ids start with the time of acceptance. */
  #sorted(): VideoJob[] {
    return [...this.#jobs.values()].toSorted((one, other) => (one.id < other.id ? 1 : -1));
  }

  #report(job: VideoJob, before: VideoJob | null): void {
    queueMicrotask(() => this.onUpdate?.(job, before));
  }
}

/** Adds an entry, and removes the oldest one when there are too many. */
function remember<T>(entries: Map<string, T>, id: string, value: T): void {
  entries.delete(id);
  entries.set(id, value);
  const [oldest] = entries.keys();
  if (entries.size > MAX_IDS && oldest !== undefined) entries.delete(oldest);
}

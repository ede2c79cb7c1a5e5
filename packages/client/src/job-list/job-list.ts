import { backoffMs, pause } from '../connection/backoff.ts';
import { isTemporary } from '../connection/result-errors.ts';
import type { Reelgate, VideoJobPage } from '../reelgate.ts';
import type { VideoJob, VideoJobFilter } from '../types.ts';
import { createLiveStore, type LiveStore, type Reconnections } from './live-store.ts';

/** What a list needs of a client. */
export interface JobListClient extends Pick<Reelgate, 'jobs' | 'watchAll'> {
  readonly connection: Reconnections;
}

export interface JobListState {
  /** Newest first. */
  readonly jobs: readonly VideoJob[];
  readonly isLoading: boolean;
  readonly hasMore: boolean;
  readonly error: Error | null;
}

export interface JobList extends Pick<LiveStore<JobListState>, 'get' | 'subscribe'> {
  /** Reads the next page. Resolves at once when there is none. */
  readonly loadMore: () => Promise<void>;
  /** Called for each change of a job, with its listed state before. */
  onUpdate?: ((job: VideoJob, before: VideoJob | null) => void) | undefined;
  /** Called with a listed job that was deleted. */
  onDelete?: ((job: VideoJob) => void) | undefined;
}

/** The state before the first page is read. */
export const UNREAD: JobListState = { jobs: [], isLoading: true, hasMore: false, error: null };

/** The gateway's maximum of jobs in a page. */
const MAX_PAGE = 100;
/** The number of changed jobs that are remembered. */
const MAX_CHANGED = 1000;

/**
 * Creates a list of the caller's jobs that meet a filter, newest first. It watches the changes of all jobs, then reads the list, and reads
 * it again whenever changes may have been missed. Earlier changes are in the list, later ones arrive as changes.
 */
export function createJobList(
  client: JobListClient,
  filter: VideoJobFilter | null,
  pageSize: number,
): JobList {
  const jobs = new Map<string, VideoJob>();
  /** The newest states of jobs that changed; null: deleted. A page that was sent before a change can arrive after it. */
  const changed = new Map<string, VideoJob | null>();
  /** Ids of the listed jobs that the present reading did not find yet. */
  const missing = new Set<string>();
  let endCursor: string | null = null;
  let reading: AbortController | undefined;
  let loadingMore: Promise<void> | null = null;

  const { get, set, subscribe } = createLiveStore(
    client.connection,
    UNREAD,
    async (signal) => {
      for await (const change of client.watchAll({ signal })) {
        if (change.type === 'watching') read();
        else if (change.type === 'updated') update(change.job);
        else remove(change.id);
      }
    },
    () => reading?.abort(),
  );

  /** Ids start with the time of acceptance. */
  const sorted = (): VideoJob[] => [...jobs.values()].toSorted((one, other) => (one.id < other.id ? 1 : -1));

  const show = (change: Partial<JobListState> = {}): void => {
    const isLoading = change.isLoading ?? get().isLoading;
    set({ jobs: isLoading ? [] : sorted(), hasMore: endCursor !== null, ...change });
    if (jobs.size === 0 && endCursor !== null) read();
  };

  /** Calls a listener in a turn of its own, so that its exceptions are not taken for those of the gateway. */
  const report = (job: VideoJob, before: VideoJob | null): void =>
    queueMicrotask(() => list.onUpdate?.(job, before));

  const remember = (id: string, job: VideoJob | null): void => {
    changed.delete(id);
    changed.set(id, job);
    const [oldest] = changed.keys();
    if (changed.size > MAX_CHANGED && oldest !== undefined) changed.delete(oldest);
  };

  const update = (job: VideoJob): void => {
    const { id } = job;
    const last = changed.get(id);
    const before = jobs.get(id) ?? null;
    const known = last ?? before;
    if (last === null || (known !== null && known.version >= job.version)) return;
    remember(id, job);
    missing.delete(id);
    if (!matches(job, filter)) {
      if (!jobs.delete(id)) return;
    } else if (before !== null || !isUnread(id)) {
      if (before === null && filter?.prompt != null) {
        // Only the gateway can search prompts. They do not change: a job that matched all else before, and is not listed, does not match.
        if (last === undefined || !matches(last, filter)) read();
        return;
      }
      jobs.set(id, job);
    }
    show();
    report(job, before);
  };

  const remove = (id: string): void => {
    const job = jobs.get(id);
    remember(id, null);
    if (job === undefined) return;
    jobs.delete(id);
    show();
    queueMicrotask(() => list.onDelete?.(job));
  };

  /** Whether a job belongs to a page that is not read yet. */
  const isUnread = (id: string): boolean => endCursor !== null && id < (sorted().at(-1)?.id ?? '');

  /** Reads as many pages as are listed already, so that all missed changes and deletions are found. Ends an earlier reading. */
  const read = (): void => {
    reading?.abort();
    reading = new AbortController();
    void readUntilDone(reading.signal);
  };

  const readUntilDone = async (signal: AbortSignal): Promise<void> => {
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        return await readPages(signal);
      } catch (error) {
        if (signal.aborted) return;
        set({ error: error instanceof Error ? error : null });
        // After a refusal the list is read again when its changes are watched by a new connection.
        if (!isTemporary(error)) return;
        await pause(backoffMs(failures, Math.random), signal).catch(() => {});
      }
    }
  };

  const readPages = async (signal: AbortSignal): Promise<void> => {
    missing.clear();
    for (const id of jobs.keys()) missing.add(id);
    let first = Math.min(Math.max(pageSize, jobs.size), MAX_PAGE);
    let after: string | null = null;
    let isReached: boolean;
    do {
      const page: VideoJobPage = await client.jobs({ filter, first, after, signal });
      if (signal.aborted) return;
      const last = page.jobs.at(-1)?.id ?? '';
      // Jobs that changed before the first page was read may belong to a later one.
      if (get().isLoading && page.endCursor !== null)
        for (const id of jobs.keys()) if (id < last) jobs.delete(id);
      isReached = merge(page);
      after = page.endCursor;
      first = MAX_PAGE;
    } while (after !== null && !isReached);
    for (const id of missing) jobs.delete(id);
    show({ isLoading: false, error: null });
  };

  /** Adds a page to the list. @returns whether it ends with the oldest job of the list */
  const merge = (page: VideoJobPage): boolean => {
    for (const found of page.jobs) {
      const { id } = found;
      const last = changed.get(id);
      missing.delete(id);
      // Deleted meanwhile.
      if (last === null) continue;
      const job = last !== undefined && last.version > found.version ? last : found;
      const before = jobs.get(id);
      if ((before !== undefined && before.version >= job.version) || !matches(job, filter)) continue;
      jobs.set(id, job);
      if (before !== undefined) report(job, before);
    }
    const last = page.jobs.at(-1)?.id ?? '';
    const isReached = last <= (sorted().at(-1)?.id ?? '');
    // The page with the oldest job knows whether there are older ones. It is empty when they were deleted.
    if (isReached || page.endCursor === null) ({ endCursor } = page);
    return isReached;
  };

  const readMore = async (): Promise<void> => {
    if (endCursor === null) return;
    merge(await client.jobs({ filter, first: pageSize, after: endCursor }));
    show();
  };

  const list: JobList = {
    get,
    subscribe,
    loadMore: () => (loadingMore ??= readMore().finally(() => (loadingMore = null))),
  };
  return list;
}

/** Whether a job meets the conditions of a filter, except for `prompt`. */
function matches(job: VideoJob, filter: VideoJobFilter | null): boolean {
  const { status, createdAfter, createdBefore } = filter ?? {};
  const createdAt = Date.parse(job.createdAt);
  return (
    (status == null || status.includes(job.status)) &&
    (createdAfter == null || createdAt > Date.parse(createdAfter)) &&
    (createdBefore == null || createdAt < Date.parse(createdBefore))
  );
}

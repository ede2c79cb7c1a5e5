import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { createJobList, UNREAD } from '../job-list/job-list.ts';
import type { VideoJob, VideoJobFilter } from '../types.ts';
import { useReelgate } from './provider.ts';

export interface UseVideoJobsOptions {
  /** Only matching jobs. Equal filters need not be the same object. @default all */
  readonly filter?: VideoJobFilter | null | undefined;
  /** Jobs of a page: 1 to 100. @default 20 */
  readonly pageSize?: number | undefined;
  /**
   * Called for each live change of a job, with its listed state before; null when it was not listed. Changes that a reconnection reveals
   * are included, except for jobs that were not listed before.
   */
  readonly onUpdate?: ((job: VideoJob, before: VideoJob | null) => void) | undefined;
  /** Called with a listed job that was deleted. */
  readonly onDelete?: ((job: VideoJob) => void) | undefined;
}

export interface VideoJobsState {
  /** The loaded jobs, newest first. A job keeps its identity until it changes, so memoised components render only then. */
  readonly jobs: readonly VideoJob[];
  /** Whether the first page is not there yet. */
  readonly isLoading: boolean;
  /** Whether there are older jobs. */
  readonly hasMore: boolean;
  /** Loads the next page. Rejects when it cannot be read. */
  readonly loadMore: () => Promise<void>;
  /** Why the list cannot be read or is not live; null: it is. While the gateway is away the list is read again by itself. */
  readonly error: Error | null;
}

/** The caller's jobs, live: new, changed and deleted jobs appear at once, also after a lost connection. */
export function useVideoJobs({
  filter,
  pageSize = 20,
  onUpdate,
  onDelete,
}: UseVideoJobsOptions = {}): VideoJobsState {
  const client = useReelgate();
  const filterText = JSON.stringify(filter ?? null);
  const list = useMemo(
    () => createJobList(client, JSON.parse(filterText), pageSize),
    [client, filterText, pageSize],
  );
  // Before the subscription, which is an effect too.
  useEffect(() => {
    list.onUpdate = onUpdate;
    list.onDelete = onDelete;
  });
  // On the server nothing is read.
  const state = useSyncExternalStore(list.subscribe, list.get, () => UNREAD);
  return useMemo(() => ({ ...state, loadMore: list.loadMore }), [state, list]);
}

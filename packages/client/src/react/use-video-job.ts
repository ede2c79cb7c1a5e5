import { useCallback, useMemo, useSyncExternalStore } from 'react';
import { noop } from '../connection/abort.ts';
import { watchedJob, watchJob } from '../job-list/watched-job.ts';
import type { VideoJob } from '../types.ts';
import { useReelgate } from './provider.ts';

export interface UseVideoJobOptions {
  /** A known state of the job, shown until there is a newer one; for example from a list, or from the server. */
  readonly initialJob?: VideoJob | null | undefined;
}

export interface VideoJobState {
  /** The newest state; null while it is unknown. */
  readonly job: VideoJob | null;
  /** Why the job cannot be watched, such as code `NOT_FOUND`; null: no error. The watch goes on when the reason is gone. */
  readonly error: Error | null;
  /** Whether the job is unknown and no error was reported. */
  readonly isLoading: boolean;
}

/**
 * Watches a job, live until it ends. Components with the same id share one subscription; a job that is known to be terminal needs none.
 *
 * @param id null: none yet
 */
export function useVideoJob(
  id: string | null | undefined,
  { initialJob }: UseVideoJobOptions = {},
): VideoJobState {
  const client = useReelgate();
  const known = initialJob?.id === id ? (initialJob ?? null) : null;
  const isEnded = known?.isTerminal;
  const subscribe = useCallback(
    // A later `known` is not needed: the watch continues from its own newest version.
    (listener: () => void) => (id == null || isEnded ? noop : watchJob(client, id, known, listener)),
    [client, id, isEnded],
  );
  const state = useSyncExternalStore(
    subscribe,
    () => (id == null ? undefined : watchedJob(client, id)),
    // On the server nothing is watched.
    () => undefined,
  );
  return useMemo(() => {
    const watched = state?.job ?? null;
    const job = (watched?.version ?? 0) < (known?.version ?? 0) ? known : watched;
    const error = isEnded ? null : (state?.error ?? null);
    return { job, error, isLoading: id != null && !job && !error };
  }, [state, known, id, isEnded]);
}

'use client';
import { useCallback, useMemo, useSyncExternalStore } from 'react';
import { WatchedJobs, type WatchedJobState } from '../job-list/watched-job.ts';
import type { Reelgate } from '../reelgate.ts';
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

/** The watched jobs of each client. */
const jobsOfClients = new WeakMap<Reelgate, WatchedJobs>();

/**
 * Watches a job, live until it ends. Components with the same id share one subscription; a job that is known to be terminal needs none.
 *
 * @param id null: none yet
 */
export function useVideoJob(
  id: string | null | undefined,
  { initialJob }: UseVideoJobOptions = {},
): VideoJobState {
  const watched = watchedJobsOf(useReelgate());
  const known = initialJob != null && initialJob.id === id ? initialJob : null;
  const isEnded = known?.isTerminal === true;
  const subscribe = useCallback(
    // A later `known` is not needed: the watch continues from its own newest version.
    (listener: () => void) => (id == null || isEnded ? unsubscribed : watched.subscribe(id, known, listener)),
    [watched, id, isEnded],
  );
  const state = useSyncExternalStore(subscribe, () => (id == null ? null : watched.get(id)), unknownState);
  return useMemo(() => {
    const job = newerOf(state?.job ?? null, known);
    const error = isEnded ? null : (state?.error ?? null);
    return { job, error, isLoading: id != null && job === null && error === null };
  }, [state, known, id, isEnded]);
}

function watchedJobsOf(client: Reelgate): WatchedJobs {
  const jobs = jobsOfClients.get(client) ?? new WatchedJobs(client);
  jobsOfClients.set(client, jobs);
  return jobs;
}

function newerOf(one: VideoJob | null, other: VideoJob | null): VideoJob | null {
  return (one?.version ?? -1) >= (other?.version ?? -1) ? one : other;
}

function unsubscribed(): void {}

/** On the server nothing is watched. */
function unknownState(): WatchedJobState | null {
  return null;
}

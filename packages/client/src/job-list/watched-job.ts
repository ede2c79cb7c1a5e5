import type { Reelgate } from '../reelgate.ts';
import type { VideoJob } from '../types.ts';
import { createLiveStore, type LiveStore } from './live-store.ts';

/** What is known of a job. */
export interface WatchedJobState {
  readonly job: VideoJob | null;
  /** Why the job cannot be watched; null: it can. */
  readonly error: Error | null;
}

/** The jobs of each client that are watched, by id. Components that show the same job share one subscription. */
const jobsOfClients = new WeakMap<Reelgate, Map<string, LiveStore<WatchedJobState>>>();

/** The state of a watched job; undefined when nothing watches it. */
export function watchedJob(client: Reelgate, id: string): WatchedJobState | undefined {
  return jobsOfClients.get(client)?.get(id)?.get();
}

/** @param known a state of the job that is shown already. @returns a function that ends the watch */
export function watchJob(
  client: Reelgate,
  id: string,
  known: VideoJob | null,
  listener: () => void,
): () => void {
  const jobs = jobsOfClients.get(client) ?? new Map<string, LiveStore<WatchedJobState>>();
  jobsOfClients.set(client, jobs);
  const { get, set, subscribe } =
    jobs.get(id) ??
    createLiveStore<WatchedJobState>(
      client.connection,
      { job: known, error: null },
      async (signal) => {
        const { job: newest, error } = get();
        // After an error the present state is needed, changed or not: it ends the error.
        const sinceVersion = error === null ? (newest?.version ?? 0) : 0;
        for await (const job of client.watch(id, { signal, sinceVersion })) set({ job, error: null });
      },
      () => jobs.delete(id),
    );
  jobs.set(id, { get, set, subscribe });
  return subscribe(listener);
}

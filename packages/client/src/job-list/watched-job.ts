import type { Reelgate } from '../reelgate.ts';
import type { VideoJob } from '../types.ts';
import { untilRetry } from './retry.ts';
import { LiveStore } from './store.ts';

/** What is known of a job. */
export interface WatchedJobState {
  readonly job: VideoJob | null;
  /** Why the job cannot be watched; null: it can. */
  readonly error: Error | null;
}

/** Jobs that components watch, by id. Components that show the same job share one subscription. */
export class WatchedJobs {
  readonly #client: Reelgate;
  readonly #jobs = new Map<string, WatchedJob>();

  constructor(client: Reelgate) {
    this.#client = client;
  }

  /** The state of a watched job; null when nothing watches it. */
  get(id: string): WatchedJobState | null {
    return this.#jobs.get(id)?.get() ?? null;
  }

  /** @param known a state of the job that is shown already. @returns a function that ends the watch */
  subscribe(id: string, known: VideoJob | null, listener: () => void): () => void {
    let watched = this.#jobs.get(id);
    if (watched === undefined) {
      watched = new WatchedJob(this.#client, id, known, () => this.#jobs.delete(id));
      this.#jobs.set(id, watched);
    }
    return watched.subscribe(listener);
  }
}

class WatchedJob extends LiveStore<WatchedJobState> {
  readonly #client: Reelgate;
  readonly #id: string;
  protected override readonly onStopped: () => void;

  constructor(client: Reelgate, id: string, job: VideoJob | null, onStopped: () => void) {
    super({ job, error: null });
    this.#client = client;
    this.#id = id;
    this.onStopped = onStopped;
  }

  protected override async follow(signal: AbortSignal): Promise<void> {
    for (let failures = 0; ; failures++) {
      try {
        const sinceVersion = this.get().job?.version ?? 0;
        for await (const job of this.#client.watch(this.#id, { signal, sinceVersion })) {
          failures = 0;
          this.set({ job, error: null });
        }
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.set({ job: this.get().job, error: toError(error) });
        await untilRetry(this.#client.connection, error, failures, signal);
        if (signal.aborted) return;
      }
    }
  }
}

/** @returns what was thrown, as an error */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

import type { ConnectionState, JobsOptions, VideoJob, VideoJobChange, VideoJobPage } from '@reelgate/client';
import type { JobListClient } from '../../../packages/client/src/job-list/job-list.ts';

interface Waiting<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

/** A client whose answers are given by the test. */
export interface ScriptedClient {
  readonly client: JobListClient;
  /** What `jobs` was called with, in order. */
  readonly requests: readonly JobsOptions[];
  /** Answers the oldest open call of `jobs`. */
  answer(jobs: readonly VideoJob[], endCursor?: string | null): void;
  /** Rejects the oldest open call of `jobs`. */
  refuse(error: Error): void;
  /** Sends a change to `watchAll`. */
  change(change: VideoJobChange): void;
  /** Ends `watchAll` with an error. */
  fail(error: Error): void;
  /** How many iterations of `watchAll` are open. */
  readonly watching: () => number;
  state(state: ConnectionState): void;
}

/** Creates a client that is connected and never answers by itself. */
export function scriptedClient(): ScriptedClient {
  const requests: JobsOptions[] = [];
  const open: Waiting<VideoJobPage>[] = [];
  const feeds = new Set<Feed>();
  const listeners = new Set<() => void>();
  let connectionState: ConnectionState = 'connected';
  const connection: JobListClient['connection'] = {
    get state() {
      return connectionState;
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const client: JobListClient = {
    connection,
    jobs: (options = {}) => {
      requests.push(options);
      return new Promise((resolve, reject) => {
        const waiting = { resolve, reject };
        open.push(waiting);
        options.signal?.addEventListener('abort', () => {
          if (open.includes(waiting)) open.splice(open.indexOf(waiting), 1);
          reject(options.signal?.reason);
        });
      });
    },
    watchAll: ({ signal } = {}) => {
      const feed = new Feed();
      feeds.add(feed);
      signal?.addEventListener('abort', () => {
        feeds.delete(feed);
        feed.fail(signal.reason);
      });
      return feed;
    },
  };
  const oldest = (): Waiting<VideoJobPage> => {
    const waiting = open.shift();
    if (waiting === undefined) throw new Error('No call of jobs is open.');
    return waiting;
  };
  return {
    client,
    requests,
    answer: (jobs, endCursor = null) => oldest().resolve({ jobs, endCursor }),
    refuse: (error) => oldest().reject(error),
    change: (change) => {
      for (const feed of feeds) feed.push(change);
    },
    fail: (error) => {
      for (const feed of feeds) feed.fail(error);
      feeds.clear();
    },
    watching: () => feeds.size,
    state: (state) => {
      connectionState = state;
      for (const listener of listeners) listener();
    },
  };
}

/** An iteration that the test feeds. */
class Feed implements AsyncIterableIterator<VideoJobChange> {
  readonly #changes: VideoJobChange[] = [];
  #error: Error | null = null;
  #wake = (): void => {};

  push(change: VideoJobChange): void {
    this.#changes.push(change);
    this.#wake();
  }

  fail(error: Error): void {
    this.#error = error;
    this.#wake();
  }

  async next(): Promise<IteratorResult<VideoJobChange>> {
    for (;;) {
      const value = this.#changes.shift();
      if (value !== undefined) return { done: false, value };
      if (this.#error !== null) throw this.#error;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

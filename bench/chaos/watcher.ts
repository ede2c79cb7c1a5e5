import { setTimeout as delay } from 'node:timers/promises';
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { Target } from './load.ts';

const PAUSE_MS = 1000;

/** Watches a job, or with null all jobs of the caller, over WebSocket. It reconnects after a loss, unless it is held. */
export class Watcher implements AsyncDisposable {
  readonly #client: Client;
  #hold: PromiseWithResolvers<void> | null = null;

  constructor({ url, token }: Target, id: string | null, onUpdate: () => void = () => {}) {
    this.#client = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { token },
      retryAttempts: Infinity,
      shouldRetry: () => true,
      retryWait: async () => {
        await delay(PAUSE_MS);
        await this.#hold?.promise;
      },
    });
    this.#client.subscribe(
      id === null
        ? { query: 'subscription { videoJobsUpdated { id } }' }
        : { query: 'subscription ($id: ID!) { videoJobUpdated(id: $id) { id version } }', variables: { id } },
      { next: onUpdate, error: () => {}, complete: () => {} },
    );
  }

  /** Does not connect again after a loss from now on. */
  hold(): void {
    this.#hold ??= Promise.withResolvers<void>();
  }

  release(): void {
    this.#hold?.resolve();
    this.#hold = null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
    try {
      await this.#client.dispose();
    } catch {
      // The gateway is down, so there is no connection to close.
    }
  }
}

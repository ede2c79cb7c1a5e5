import type { VideoUpstream } from '../../src/providers/video-upstream.ts';
import type { JobStore } from '../../src/store/job-store.ts';
import { overrideStore } from '../support/override-store.ts';

/**
 * Freezes a step at one of its calls to the store or to the upstream, before the call or after its
 * answer, as when a process is killed or suspended. The step may continue later.
 */
export class Interruption {
  #callsLeft: number;
  readonly #answered: boolean;
  readonly #reached = Promise.withResolvers<'interrupted'>();
  readonly #resumed = Promise.withResolvers<void>();

  /**
   * @param call the index of the call; 0 for the first
   * @param answered whether the step freezes after the call
   */
  constructor(call: number, answered: boolean) {
    this.#callsLeft = call;
    this.#answered = answered;
  }

  /** Resolves when the step is frozen. */
  get reached(): Promise<'interrupted'> {
    return this.#reached.promise;
  }

  /** Continues the step. */
  resume(): void {
    this.#resumed.resolve();
  }

  store(store: JobStore): JobStore {
    return overrideStore(store, {
      save: (lease, change) => this.#pass(() => store.save(lease, change)),
      release: (leased, schedule) => this.#pass(() => store.release(leased, schedule)),
    });
  }

  upstream(upstream: VideoUpstream): VideoUpstream {
    return {
      lifetimes: { resultMs: 3_600_000, fileMs: 7 * 86_400_000 },
      hasHistory: upstream.hasHistory,
      submit: (request, options) => this.#pass(() => upstream.submit(request, options)),
      status: (id, options) => this.#pass(() => upstream.status(id, options)),
      result: (id, options) => this.#pass(() => upstream.result(id, options)),
      findInHistory: (query, options) => this.#pass(() => upstream.findInHistory(query, options)),
      lookUp: (id, options) => this.#pass(() => upstream.lookUp(id, options)),
      [Symbol.asyncDispose]: () => upstream[Symbol.asyncDispose](),
    };
  }

  async #pass<T>(call: () => Promise<T>): Promise<T> {
    this.#callsLeft -= 1;
    if (this.#callsLeft !== -1) return call();
    if (!this.#answered) await this.#stand();
    const answer = await call();
    if (this.#answered) await this.#stand();
    return answer;
  }

  #stand(): Promise<void> {
    this.#reached.resolve('interrupted');
    return this.#resumed.promise;
  }
}

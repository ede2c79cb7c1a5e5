import type { Clock } from '../domain/clock.ts';
import {
  addDuration,
  type DurationSample,
  type DurationStats,
  type ExpectedDurations,
  expectDurations,
} from '../domain/polling/duration-model.ts';
import type { VideoRequest } from '../domain/request/video-request.ts';
import type { DurationStore } from '../store/durations.ts';

export interface LearnedDurationsOptions {
  readonly store: DurationStore;
  readonly clock: Clock;
  /** The upstream; durations of other upstreams do not count. */
  readonly upstream: string;
  /** The duration of a typical job in milliseconds, for the prior. */
  readonly typicalMs: number;
}

/** Milliseconds between two reads of the durations of other instances. */
const REFRESH_MS = 5000;

/** The duration model, shared by all instances. It is a few seconds behind the other instances. */
export class LearnedDurations {
  readonly #options: LearnedDurationsOptions;
  readonly #expected = new Map<string, ExpectedDurations>();
  #stats: DurationStats = new Map();
  #refreshedAt = -Infinity;

  constructor(options: LearnedDurationsOptions) {
    this.#options = options;
  }

  /** How long such a job is expected to take. */
  expected(request: VideoRequest): ExpectedDurations {
    const { resolution, videoLength, steps } = request;
    const key = `${resolution} ${videoLength} ${steps}`;
    const known = this.#expected.get(key) ?? expectDurations(this.#stats, request, this.#options.typicalMs);
    this.#expected.set(key, known);
    return known;
  }

  /**
   * Reads the stored durations, at most every five seconds.
   *
   * @throws StoreUnavailableError
   */
  async refresh(): Promise<void> {
    const { store, clock } = this.#options;
    const now = clock.now();
    if (Math.abs(now - this.#refreshedAt) < REFRESH_MS) return;
    const prefix = this.#prefix;
    const groups = [...(await store.read())].filter(([name]) => name.startsWith(prefix));
    this.#replace(new Map(groups.map(([name, moments]) => [name.slice(prefix.length), moments])));
    this.#refreshedAt = now;
  }

  /**
   * Learns from samples, and stores them for the other instances.
   *
   * @throws StoreUnavailableError when they could not be stored
   */
  async learn(samples: readonly DurationSample[]): Promise<void> {
    if (samples.length === 0) return;
    const stats = new Map(this.#stats);
    for (const { group, moments } of samples) stats.set(group, addDuration(stats.get(group), moments));
    this.#replace(stats);
    const prefix = this.#prefix;
    await this.#options.store.add(samples.map(({ group, moments }) => ({ group: prefix + group, moments })));
  }

  get #prefix(): string {
    return `${this.#options.upstream} `;
  }

  #replace(stats: DurationStats): void {
    this.#stats = stats;
    this.#expected.clear();
  }
}

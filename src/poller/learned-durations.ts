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

/** What the model works with. */
export interface LearnedDurationsOptions {
  readonly store: DurationStore;
  readonly clock: Clock;
  /** Whose jobs these are: what those of another upstream took teaches nothing. */
  readonly upstream: string;
  /** What a job takes before anything was learned, in milliseconds. */
  readonly typicalMs: number;
}

/** How often it is looked what other instances have learned. */
const REFRESH_MS = 5000;

/** The duration model as all instances have taught it; this one's view is a few seconds behind the others'. */
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
   * Reads what was learned, unless that was done a moment ago.
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
   * Learns, and tells the others.
   *
   * @throws StoreUnavailableError: then they do not hear of it
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

import { backoffMs } from '../../../domain/polling/backoff.ts';
import type { Clock } from '../../../domain/clock.ts';
import type { Job } from '../../../domain/job/job.ts';
import type { Topic, TopicListener } from '../../job-store.ts';
import type { ChannelListener } from './pub-sub.ts';

/** What all watches work with. */
export interface TopicSubscriptionOptions {
  /** Reads what may have been missed of a topic since a time, in epoch milliseconds. */
  readonly readCatchUp: (topic: Topic, since: number) => Promise<readonly Job[]>;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
}

/**
 * Tells one listener what is announced and, after a gap, what it missed, as soon as that can be read; the versions of
 * each job in order. A version from before the gap may be told twice.
 */
export class TopicSubscription implements ChannelListener {
  readonly #topic: Topic;
  readonly #listener: TopicListener;
  readonly #options: TopicSubscriptionOptions;
  /** Versions told since the last gap, where messages and what was read may overtake each other. Mostly null: none. */
  #told: Map<string, number> | null = null;
  #gapSince: number | null = null;
  /** While what was missed is read: ends that. */
  #resyncing: AbortController | null = null;
  #resynced: Promise<void> | null = null;
  #ended = false;

  constructor(topic: Topic, listener: TopicListener, options: TopicSubscriptionOptions) {
    this.#topic = topic;
    this.#listener = listener;
    this.#options = options;
  }

  message(job: Job): void {
    if (this.#told !== null && !this.#isNews(job, this.#told)) return;
    this.#listener(job);
  }

  gap(since: number): void {
    if (this.#ended) return;
    this.#gapSince = Math.min(since, this.#gapSince ?? since);
    if (this.#resyncing === null) this.#resynced = this.#resync();
  }

  /** Tells nothing from now on. */
  end(): void {
    this.#ended = true;
    this.#resyncing?.abort();
  }

  /** Resolves once nothing is under way. */
  async idle(): Promise<void> {
    await this.#resynced;
  }

  async #resync(): Promise<void> {
    const { readCatchUp, clock, random } = this.#options;
    this.#resyncing = new AbortController();
    const { signal } = this.#resyncing;
    const told = new Map<string, number>();
    this.#told = told;
    for (let failures = 0; this.#gapSince !== null && !signal.aborted;) {
      const since: number = this.#gapSince;
      this.#gapSince = null;
      try {
        for (const job of await readCatchUp(this.#topic, since)) this.#tell(job, told);
      } catch {
        failures += 1;
        this.#gapSince = Math.min(since, this.#gapSince ?? since);
        await clock.sleep(backoffMs(failures, random()) / 4, signal);
      }
    }
    this.#resyncing = null;
    if (told.size === 0) this.#told = null;
  }

  #tell(job: Job, told: Map<string, number>): void {
    if (this.#ended || job.version <= (told.get(job.id) ?? 0)) return;
    told.set(job.id, job.version);
    this.#listener(job);
  }

  /** Once what was missed is read, a job is remembered until there is a message of it. */
  #isNews(job: Job, told: Map<string, number>): boolean {
    if (job.version <= (told.get(job.id) ?? 0)) return false;
    if (this.#resyncing !== null) told.set(job.id, job.version);
    else if (told.delete(job.id) && told.size === 0) this.#told = null;
    return true;
  }
}

import { backoffMs } from '../../domain/backoff.ts';
import type { Clock } from '../../domain/clock.ts';
import type { Job } from '../../domain/job.ts';
import type { Topic, TopicListener } from '../job-store.ts';
import type { ChannelListener } from './channel-hub.ts';

/** What all watches work with. */
export interface TopicWatchOptions {
  /** Reads what may have been missed of a topic since a time, in epoch milliseconds. */
  readonly readMissed: (topic: Topic, since: number) => Promise<readonly Job[]>;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
}

/**
 * Tells one listener what is announced and, after a gap, what it missed, as soon as that can be read; the versions of
 * each job in order. A version from before the gap may be told twice.
 */
export class TopicWatch implements ChannelListener {
  readonly #topic: Topic;
  readonly #listener: TopicListener;
  readonly #options: TopicWatchOptions;
  /** Versions told since the last gap, where messages and what was read may overtake each other. Mostly null: none. */
  #told: Map<string, number> | null = null;
  #missedSince: number | null = null;
  /** While what was missed is read: ends that. */
  #healing: AbortController | null = null;
  #healed: Promise<void> | null = null;
  #ended = false;

  constructor(topic: Topic, listener: TopicListener, options: TopicWatchOptions) {
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
    this.#missedSince = Math.min(since, this.#missedSince ?? since);
    if (this.#healing === null) this.#healed = this.#heal();
  }

  /** Tells nothing from now on. */
  end(): void {
    this.#ended = true;
    this.#healing?.abort();
  }

  /** Resolves once nothing is under way. */
  async idle(): Promise<void> {
    await this.#healed;
  }

  async #heal(): Promise<void> {
    const { readMissed, clock, random } = this.#options;
    this.#healing = new AbortController();
    const { signal } = this.#healing;
    const told = new Map<string, number>();
    this.#told = told;
    for (let failures = 0; this.#missedSince !== null && !signal.aborted;) {
      const since: number = this.#missedSince;
      this.#missedSince = null;
      try {
        for (const job of await readMissed(this.#topic, since)) this.#tell(job, told);
      } catch {
        failures += 1;
        this.#missedSince = Math.min(since, this.#missedSince ?? since);
        await clock.sleep(backoffMs(failures, random()) / 4, signal);
      }
    }
    this.#healing = null;
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
    if (this.#healing !== null) told.set(job.id, job.version);
    else if (told.delete(job.id) && told.size === 0) this.#told = null;
    return true;
  }
}

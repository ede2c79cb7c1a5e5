import type { Clock } from '../../../domain/clock.ts';
import type { Job } from '../../../domain/job/job.ts';
import { backoffMs } from '../../../domain/polling/backoff.ts';
import type { Topic, TopicListener } from '../../job-store.ts';
import type { Removal } from './event-seal.ts';
import type { ChannelListener } from './pub-sub.ts';

export interface TopicSubscriptionOptions {
  /** Reads the jobs of a topic that may have been missed since a time, in epoch milliseconds. */
  readonly readCatchUp: (topic: Topic, since: number) => Promise<readonly Job[]>;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
}

/**
 * Passes published versions to one listener. After a gap, it reads the missed ones as soon as possible and passes them as well. The versions
 * of each job come in order. A version from before the gap may come twice.
 */
export class TopicSubscription implements ChannelListener {
  readonly #topic: Topic;
  readonly #listener: TopicListener;
  readonly #options: TopicSubscriptionOptions;
  /** Versions passed on since the last gap, because messages and reads may overtake each other. Mostly null: none. */
  #passed: Map<string, number> | null = null;
  #gapSince: number | null = null;
  /** Aborts a running resync. */
  #resyncing: AbortController | null = null;
  #resynced: Promise<void> | null = null;
  #ended = false;

  constructor(topic: Topic, listener: TopicListener, options: TopicSubscriptionOptions) {
    this.#topic = topic;
    this.#listener = listener;
    this.#options = options;
  }

  message(job: Job | Removal): void {
    // Removals have channels of their own.
    if ('removedId' in job) return;
    if (this.#passed !== null && !this.#isNewer(job, this.#passed)) return;
    this.#listener(job);
  }

  gap(since: number): void {
    if (this.#ended) return;
    this.#gapSince = Math.min(since, this.#gapSince ?? since);
    if (this.#resyncing === null) this.#resynced = this.#resync();
  }

  /** Stops calling the listener. */
  end(): void {
    this.#ended = true;
    this.#resyncing?.abort();
  }

  /** Resolves when no resync is running. */
  async idle(): Promise<void> {
    await this.#resynced;
  }

  async #resync(): Promise<void> {
    const { readCatchUp, clock, random } = this.#options;
    this.#resyncing = new AbortController();
    const { signal } = this.#resyncing;
    const passed = new Map<string, number>();
    this.#passed = passed;
    for (let failures = 0; this.#gapSince !== null && !signal.aborted;) {
      const since: number = this.#gapSince;
      this.#gapSince = null;
      try {
        for (const job of await readCatchUp(this.#topic, since)) this.#pass(job, passed);
      } catch {
        failures += 1;
        this.#gapSince = Math.min(since, this.#gapSince ?? since);
        await clock.sleep(backoffMs(failures, random()) / 4, signal);
      }
    }
    this.#resyncing = null;
    if (passed.size === 0) this.#passed = null;
  }

  #pass(job: Job, passed: Map<string, number>): void {
    if (this.#ended || job.version <= (passed.get(job.id) ?? 0)) return;
    passed.set(job.id, job.version);
    this.#listener(job);
  }

  /** After a resync, the version of a job is kept until the next message about it. */
  #isNewer(job: Job, passed: Map<string, number>): boolean {
    if (job.version <= (passed.get(job.id) ?? 0)) return false;
    if (this.#resyncing !== null) passed.set(job.id, job.version);
    else if (passed.delete(job.id) && passed.size === 0) this.#passed = null;
    return true;
  }
}

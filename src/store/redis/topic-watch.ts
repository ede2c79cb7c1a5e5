import { backoffMs } from '../../domain/backoff.ts';
import type { Clock } from '../../domain/clock.ts';
import type { Job } from '../../domain/job.ts';
import type { TopicListener } from '../job-store.ts';
import type { ChannelListener } from './channel-hub.ts';
import type { Announcement } from './announcement.ts';

/** What a watch works with. */
export interface TopicWatchOptions {
  readonly listener: TopicListener;
  /** Reads what may have been missed since a time, in epoch milliseconds. */
  readonly readMissed: (since: number) => Promise<readonly Job[]>;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
}

/**
 * Tells one listener what is announced and, after a gap, what it missed, as soon as that can be read; the versions of
 * each job in order. A version from before the gap may be told twice.
 */
export class TopicWatch implements ChannelListener {
  readonly #options: TopicWatchOptions;
  readonly #ended = new AbortController();
  /** Versions told since the last gap, where messages and what was read may overtake each other. */
  readonly #told = new Map<string, number>();
  #missedSince: number | null = null;
  #healing = false;
  #healed: Promise<void> = Promise.resolve();

  constructor(options: TopicWatchOptions) {
    this.#options = options;
  }

  message({ job }: Announcement): void {
    // Whatever that was: a job may have changed.
    if (job === null) return this.gap(this.#options.clock.now());
    // Mostly there was no gap, and nothing to look up.
    if (this.#healing || this.#told.size > 0) {
      if (job.version <= (this.#told.get(job.id) ?? 0)) return;
      if (this.#healing) this.#told.set(job.id, job.version);
      else this.#told.delete(job.id);
    }
    this.#options.listener(job);
  }

  gap(since: number): void {
    this.#missedSince = Math.min(since, this.#missedSince ?? since);
    if (!this.#healing) this.#healed = this.#heal();
  }

  /** Tells nothing from now on. */
  end(): void {
    this.#ended.abort();
  }

  /** Resolves once nothing is under way. */
  async idle(): Promise<void> {
    await this.#healed;
  }

  async #heal(): Promise<void> {
    const { readMissed, clock, random } = this.#options;
    const { signal } = this.#ended;
    this.#healing = true;
    this.#told.clear();
    for (let failures = 0; this.#missedSince !== null && !signal.aborted;) {
      const since: number = this.#missedSince;
      this.#missedSince = null;
      try {
        for (const job of await readMissed(since)) this.#tell(job);
      } catch {
        failures += 1;
        this.#missedSince = Math.min(since, this.#missedSince ?? since);
        await clock.sleep(backoffMs(failures, random()) / 4, signal);
      }
    }
    this.#healing = false;
  }

  #tell(job: Job): void {
    if (this.#ended.signal.aborted || job.version <= (this.#told.get(job.id) ?? 0)) return;
    this.#told.set(job.id, job.version);
    this.#options.listener(job);
  }
}

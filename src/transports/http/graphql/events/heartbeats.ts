import type { Clock } from '../../../../domain/clock.ts';

/** Milliseconds between two heartbeats of each stream. */
const INTERVAL_MS = 10_000;

/** The heartbeats of all event streams. One timer serves them all; it runs while there are streams. */
export class Heartbeats {
  readonly #clock: Clock;
  readonly #beats = new Set<() => void>();
  #running: AbortController | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Calls back every ten seconds; the first time after at most ten seconds.
   *
   * @returns stops calling back
   */
  add(beat: () => void): () => void {
    this.#beats.add(beat);
    if (this.#running === null) {
      this.#running = new AbortController();
      void this.#run(this.#running.signal);
    }
    return () => {
      this.#beats.delete(beat);
      if (this.#beats.size > 0) return;
      this.#running?.abort();
      this.#running = null;
    };
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#clock.sleep(INTERVAL_MS, signal);
      if (signal.aborted) return;
      for (const beat of this.#beats) beat();
    }
  }
}

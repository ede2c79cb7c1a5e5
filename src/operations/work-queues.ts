/** Runs long tasks one per turn of the event loop, so that other requests are served between them. */
export class TurnQueue {
  readonly #waiting: (() => void)[] = [];

  /** @param task must not throw */
  add(task: () => void): void {
    this.#waiting.push(task);
    if (this.#waiting.length === 1) setImmediate(() => this.#runNext());
  }

  /** Resolves in a later turn of the event loop, in which no other task of the queue runs. */
  wait(): Promise<void> {
    return new Promise((resolve) => this.add(resolve));
  }

  #runNext(): void {
    // Removed after it has run: otherwise a task that it adds would schedule a second turn.
    this.#waiting[0]?.();
    this.#waiting.shift();
    if (this.#waiting.length > 0) setImmediate(() => this.#runNext());
  }
}

/** Milliseconds of work without a pause, unless a single task takes longer. */
const SLICE_MS = 5;
/** Waiting tasks of one owner. */
const MAX_WAITING = 1000;

/**
 * Runs synchronous tasks round-robin by owner, at most half of the time: after each slice it pauses as long as the slice took, so
 * that other requests are served.
 */
export class FairQueue {
  /** Waiting tasks by owner; the next owner comes first. */
  readonly #waiting = new Map<string, (() => void)[]>();
  /** Milliseconds of work since the last pause. */
  #workedMs = 0;
  #isPaused = false;

  /** @returns a promise when the task has to wait; null: too many tasks of this owner are waiting */
  run<T>(ownerId: string, work: () => T): T | Promise<T> | null {
    if (!this.#isPaused) return this.#time(work);
    const waiting = this.#waiting.get(ownerId) ?? [];
    if (waiting.length >= MAX_WAITING) return null;
    this.#waiting.set(ownerId, waiting);
    return new Promise((resolve, reject) => {
      waiting.push(() => {
        try {
          resolve(this.#time(work));
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
  }

  #time<T>(work: () => T): T {
    const start = performance.now();
    try {
      return work();
    } finally {
      this.#workedMs += performance.now() - start;
      if (this.#workedMs >= SLICE_MS && !this.#isPaused) this.#pause();
    }
  }

  #pause(): void {
    this.#isPaused = true;
    setTimeout(() => this.#resume(), this.#workedMs);
    this.#workedMs = 0;
  }

  #resume(): void {
    this.#isPaused = false;
    for (const [ownerId, waiting] of this.#waiting) {
      if (this.#isPaused) return;
      // The owner's next task goes to the end of the map, behind all other owners.
      this.#waiting.delete(ownerId);
      const work = waiting.shift();
      if (waiting.length > 0) this.#waiting.set(ownerId, waiting);
      work?.();
    }
  }
}

/** Runs long tasks one per turn of the event loop, so that other requests are served between them. */
export class TurnQueue {
  readonly #waiting: (() => void)[] = [];

  /** @param task must not throw */
  add(task: () => void): void {
    this.#waiting.push(task);
    if (this.#waiting.length === 1) setImmediate(() => this.#runNext());
  }

  /** Resolves when it is the caller's turn. */
  wait(): Promise<void> {
    return new Promise((resolve) => this.add(resolve));
  }

  #runNext(): void {
    // Removed after it has run: a task that it adds finds the next turn scheduled.
    this.#waiting[0]?.();
    this.#waiting.shift();
    if (this.#waiting.length > 0) setImmediate(() => this.#runNext());
  }
}

/** A value that is kept up to date while it has listeners. */
export abstract class LiveStore<T> {
  #value: T;
  #running: AbortController | null = null;
  readonly #listeners = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  /** The present value; the same object until it changes. */
  readonly get = (): T => this.#value;

  /**
   * Registers a listener for changes. The first one starts the updates.
   *
   * @returns a function that removes it; without listeners the updates stop
   */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    if (this.#running === null) {
      this.#running = new AbortController();
      void this.follow(this.#running.signal);
    }
    return () => {
      this.#listeners.delete(listener);
      // React's strict mode removes a listener and adds it again in the same turn.
      queueMicrotask(() => this.#stopIfUnused());
    };
  };

  /** Keeps the value up to date until the signal aborts. Never rejects. */
  protected abstract follow(signal: AbortSignal): Promise<void>;

  /** Called when the updates have stopped. */
  protected onStopped(): void {}

  protected set(value: T): void {
    this.#value = value;
    for (const listener of this.#listeners) listener();
  }

  #stopIfUnused(): void {
    if (this.#listeners.size > 0 || this.#running === null) return;
    this.#running.abort();
    this.#running = null;
    this.onStopped();
  }
}

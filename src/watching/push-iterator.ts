/** Where values can go as they come, without a promise for each. */
export interface Sink<T> {
  /** Takes a value. @returns false when it takes no more until it calls `resume` */
  write(value: T): boolean;
  /** Called once, after the last value; with what the values ended with, if that was an error. */
  end(error: Error | null): void;
}

/**
 * An async iterator over what others push, as a plain object. An `async function*` would not do: its `return()` waits
 * for the pending `next()`, so that a subscriber who leaves while nothing happens would never be let go.
 */
export abstract class PushIterator<T> implements AsyncIterableIterator<T> {
  readonly #releases: (() => void)[] = [];
  #waiting: PromiseWithResolvers<IteratorResult<T>>[] = [];
  #state: 'open' | 'draining' | 'closed' = 'open';
  #error: Error | null = null;
  #sink: Sink<T> | null = null;
  #flowing = false;

  /** Gives the next value that is ready and forgets it, or undefined. */
  protected abstract take(): T | undefined;

  /** Has this called once, when nothing more is wanted; at once when that is so already. */
  defer(release: () => void): void {
    if (this.#state === 'open') this.#releases.push(release);
    else release();
  }

  /** Gives the values to a sink from now on, instead of to `next`. */
  pipe(sink: Sink<T>): void {
    this.#sink = sink;
    if (this.#state === 'closed') sink.end(this.#error);
    else this.resume();
  }

  /** The sink takes values again. */
  resume(): void {
    this.#flowing = true;
    this.ready();
  }

  /** To be called when `take` has something. */
  ready(): void {
    if (this.#sink !== null) return this.#flow(this.#sink);
    while (this.#state !== 'closed' && this.#waiting.length > 0) {
      const value = this.take();
      if (value === undefined) break;
      this.#waiting.shift()?.resolve({ done: false, value });
    }
    if (this.#state === 'draining' && this.#waiting.length > 0) this.#close();
  }

  /** Nothing more will come: what is ready is still given, then the iterator ends. With an error, it ends with that. */
  end(error: Error | null = null): void {
    if (this.#state !== 'open') return;
    this.#state = 'draining';
    this.#error = error;
    this.#release();
    this.ready();
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#state === 'closed') return Promise.resolve({ done: true, value: undefined });
    const waiting = Promise.withResolvers<IteratorResult<T>>();
    this.#waiting.push(waiting);
    this.ready();
    return waiting.promise;
  }

  return(): Promise<IteratorResult<T>> {
    this.#close();
    return Promise.resolve({ done: true, value: undefined });
  }

  throw(error: unknown): Promise<IteratorResult<T>> {
    this.#close();
    return Promise.reject(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #flow(sink: Sink<T>): void {
    while (this.#flowing && this.#state !== 'closed') {
      const value = this.take();
      if (value === undefined) break;
      this.#flowing = sink.write(value);
    }
    if (this.#flowing && this.#state === 'draining') this.#close();
  }

  #release(): void {
    for (const release of this.#releases.splice(0)) release();
  }

  #close(): void {
    if (this.#state === 'open') this.#release();
    if (this.#state !== 'closed') this.#sink?.end(this.#error);
    this.#state = 'closed';
    const [first, ...others] = this.#waiting;
    this.#waiting = [];
    if (this.#error === null) first?.resolve({ done: true, value: undefined });
    else first?.reject(this.#error);
    for (const other of others) other.resolve({ done: true, value: undefined });
  }
}

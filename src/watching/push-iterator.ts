/** Receives values without a promise for each. */
export interface Sink<T> {
  /** Takes a value. @returns false to pause; `resume` continues */
  write(value: T): boolean;
  /** Called once, after the last value; with the error that ended the values, if one did. */
  end(error: Error | null): void;
}

/**
 * An async iterator over pushed values. It is not an `async function*`, whose `return()` waits for the pending `next()`: a subscriber
 * that leaves while nothing happens would never be released.
 */
export abstract class PushIterator<T> implements AsyncIterableIterator<T> {
  readonly #releases: (() => void)[] = [];
  #waiting: PromiseWithResolvers<IteratorResult<T>>[] = [];
  #state: 'open' | 'draining' | 'closed' = 'open';
  #error: Error | null = null;
  #sink: Sink<T> | null = null;
  #flowing = false;

  /** Removes and returns the next value; undefined when there is none. */
  protected abstract take(): T | undefined;

  /** Registers a cleanup callback. Runs once, on close; immediately if already closed. */
  defer(release: () => void): void {
    if (this.#state === 'open') this.#releases.push(release);
    else release();
  }

  /** Delivers the values to a sink from now on, instead of by `next`. */
  pipe(sink: Sink<T>): void {
    this.#sink = sink;
    if (this.#state === 'closed') sink.end(this.#error);
    else this.resume();
  }

  /** Continues to deliver values to the sink. */
  resume(): void {
    this.#flowing = true;
    this.ready();
  }

  /** Called when `take` has a value. */
  ready(): void {
    if (this.#sink !== null) return this.#flow(this.#sink);
    while (this.#state !== 'closed' && this.#waiting.length > 0) {
      const value = this.take();
      if (value === undefined) break;
      this.#waiting.shift()?.resolve({ done: false, value });
    }
    if (this.#state === 'draining' && this.#waiting.length > 0) this.#close();
  }

  /** Ends the iterator after the values that are ready, with the error if one is given. */
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

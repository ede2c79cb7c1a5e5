import { noop, onAbort } from '../connection/abort.ts';

/** Options of a Channel. */
export interface ChannelOptions<T> {
  /** Ends the iteration with its reason. */
  readonly signal: AbortSignal | undefined;
  /** Called at the first `next`. @returns a function that stops the source, called once when the channel is over */
  readonly start: (channel: Channel<T>) => () => void;
  /** Adds an item to those that were not read yet. It bounds them. */
  readonly add: (unread: T[], item: T) => void;
}

/**
 * Items that are pushed, as an async iterator. Unlike that of an async generator, its `return` does not wait for the next item.
 */
export class Channel<T> implements AsyncIterableIterator<T, undefined> {
  readonly #options: ChannelOptions<T>;
  readonly #unread: T[] = [];
  /** Of the calls of `next` that wait, the oldest first. */
  readonly #waiters: (() => void)[] = [];
  #hasStarted = false;
  #isOver = false;
  #stop = noop;
  /** The reason of the end, thrown once, after the unread items. */
  #failure: { readonly reason: unknown } | null = null;

  constructor(options: ChannelOptions<T>) {
    this.#options = options;
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    const { signal, start } = this.#options;
    if (!this.#hasStarted) {
      this.#hasStarted = true;
      if (signal?.aborted === true) this.fail(signal.reason);
      else {
        const cleanups = [start(this)];
        this.#stop = () => {
          for (const cleanup of cleanups) cleanup();
        };
        if (signal !== undefined) cleanups.push(onAbort(signal, () => this.fail(signal.reason)));
      }
    }
    for (;;) {
      for (const value of this.#unread.splice(0, 1)) return { done: false, value };
      if (this.#isOver) {
        const failure = this.#failure;
        this.#failure = null;
        if (failure !== null) throw failure.reason;
        return { done: true, value: undefined };
      }
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#hasStarted = true;
    this.#unread.length = 0;
    this.#failure = null;
    this.end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  push(item: T): void {
    if (this.#isOver) return;
    this.#options.add(this.#unread, item);
    this.#wake();
  }

  /** Ends the iteration after the unread items. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stop();
    this.#wake();
  }

  /** Ends the iteration with an error, after the unread items. */
  fail(reason: unknown): void {
    if (!this.#isOver) this.#failure = { reason };
    this.end();
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }
}

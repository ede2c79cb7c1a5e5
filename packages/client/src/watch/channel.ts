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
  /** It answers the calls of `next` in their order. */
  readonly #items = this.#read();
  /** Continues `#items` while it waits. */
  #wake = noop;
  #isOver = false;
  #stop = noop;
  /** The reason of the end, thrown after the unread items. */
  #failure: { readonly reason: unknown } | null = null;

  constructor(options: ChannelOptions<T>) {
    this.#options = options;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return this.#items.next();
  }

  async *#read(): AsyncGenerator<T, undefined> {
    const { signal, start } = this.#options;
    if (signal?.aborted === true) this.fail(signal.reason);
    if (!this.#isOver) {
      const cleanups = [start(this)];
      this.#stop = () => {
        for (const cleanup of cleanups) cleanup();
      };
      if (signal !== undefined) cleanups.push(onAbort(signal, () => this.fail(signal.reason)));
    }
    for (;;) {
      const items = this.#unread.splice(0, 1);
      if (items.length > 0) yield* items;
      else if (this.#isOver) break;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
    if (this.#failure !== null) throw this.#failure.reason;
  }

  async return(): Promise<IteratorResult<T, undefined>> {
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
}

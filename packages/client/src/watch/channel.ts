import { noop } from '../connection/abort.ts';

/** A consumer that waits for an item. */
interface Waiter<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(reason: unknown): void;
}

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
  readonly #waiters: Waiter<T>[] = [];
  #hasStarted = false;
  #isOver = false;
  #stop = noop;
  /** The reason of the end, thrown once, after the unread items. */
  #failure: { readonly reason: unknown } | null = null;

  constructor(options: ChannelOptions<T>) {
    this.#options = options;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#settle();
      if (!this.#hasStarted) this.#start();
    });
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
    this.#settle();
  }

  /** Ends the iteration after the unread items. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stop();
    this.#settle();
  }

  /** Ends the iteration with an error, after the unread items. */
  fail(reason: unknown): void {
    if (!this.#isOver) this.#failure = { reason };
    this.end();
  }

  #start(): void {
    const { signal, start } = this.#options;
    this.#hasStarted = true;
    if (signal?.aborted === true) return this.fail(signal.reason);
    const stopSource = start(this);
    const abort = (): void => this.fail(signal?.reason);
    signal?.addEventListener('abort', abort);
    this.#stop = () => {
      signal?.removeEventListener('abort', abort);
      stopSource();
    };
  }

  #settle(): void {
    const count = Math.min(this.#unread.length, this.#waiters.length);
    const waiters = this.#waiters.splice(0, count);
    for (const [index, value] of this.#unread.splice(0, count).entries())
      waiters[index]?.resolve({ done: false, value });
    if (!this.#isOver) return;
    for (const waiter of this.#waiters.splice(0)) {
      const failure = this.#failure;
      this.#failure = null;
      if (failure === null) waiter.resolve({ done: true, value: undefined });
      else waiter.reject(failure.reason);
    }
  }
}

/** The cost of one kind of call. */
export interface Cost {
  /** Median duration of a call in milliseconds. */
  readonly ms: number;
  /** The longest time in milliseconds for which the process ran nothing else. */
  readonly blockMs: number;
}

/** Repeats a call, and measures the turns of the event loop meanwhile. */
export class Stopwatch {
  readonly #times: number[] = [];
  #blockMs = 0;

  /** Runs a call `count` times, but begins no other one after `maxMs` milliseconds. */
  async repeat(count: number, maxMs: number, call: (index: number) => Promise<unknown>): Promise<Cost> {
    const until = performance.now() + maxMs;
    for (let index = 0; index < count && (index === 0 || performance.now() < until); index += 1) {
      await this.time(() => call(index));
    }
    return this.cost();
  }

  /** Runs a call once. */
  async time(call: () => Promise<unknown>): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    using turns = watchTurns();
    const started = performance.now();
    await call();
    this.#times.push(performance.now() - started);
    // The turn in which the call ended counts as well.
    await new Promise((resolve) => setImmediate(resolve));
    this.#blockMs = Math.max(this.#blockMs, turns.longestMs());
  }

  cost(): Cost {
    const sorted = this.#times.toSorted((a, b) => a - b);
    return { ms: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN, blockMs: this.#blockMs };
  }
}

/** Measures the longest turn of the event loop until it is disposed. */
export function watchTurns(): Disposable & { longestMs(): number } {
  let longest = 0;
  let last = performance.now();
  const turn = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    next = setImmediate(turn);
  };
  let next = setImmediate(turn);
  return {
    longestMs: () => Math.max(longest, performance.now() - last),
    [Symbol.dispose]: () => clearImmediate(next),
  };
}

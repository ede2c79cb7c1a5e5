import { setImmediate as macrotask } from 'node:timers/promises';
import type { FollowingClock } from '../../src/process/clocks.ts';
import { NOON } from './times.ts';

interface Sleeper {
  readonly wakeAt: number;
  readonly wake: () => void;
}

/** A clock that stands still until it is advanced. Sleepers wake in the order of their times. */
export class FakeClock implements FollowingClock {
  readonly #sleepers = new Set<Sleeper>();
  #now: number;

  /** @param now epoch milliseconds */
  constructor(now = NOON) {
    this.#now = now;
  }

  /** Sleeps that have not ended: timers that a real clock would hold. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  /** Usable unbound, as a `() => number`. */
  readonly now = (): number => this.#now;

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (ms <= 0 || signal.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => {
      this.#sleepers.delete(sleeper);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    const sleeper = { wakeAt: this.#now + ms, wake };
    this.#sleepers.add(sleeper);
    signal.addEventListener('abort', wake);
    return promise;
  }

  /** Does nothing: only `advance` and `jump` move this clock. */
  follow(): void {}

  /** Advances the time and runs everything that follows from it, including sleeps that begin meanwhile. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (let next = this.#earliest(); next !== undefined && next.wakeAt <= end; next = this.#earliest()) {
      this.#now = Math.max(this.#now, next.wakeAt);
      next.wake();
      await settled();
    }
    this.#now = end;
  }

  /** Sets the time without waking sleepers, as when a process was suspended or the system's clock was set. */
  jump(ms: number): void {
    this.#now += ms;
  }

  #earliest(): Sleeper | undefined {
    return [...this.#sleepers].toSorted((a, b) => a.wakeAt - b.wakeAt)[0];
  }
}

/** Resolves when all promise chains have run that wait neither for a timer nor for I/O. Writes of the embedded store wait for I/O. */
export async function settled(): Promise<void> {
  do await macrotask();
  while (process.getActiveResourcesInfo().includes('Immediate'));
}

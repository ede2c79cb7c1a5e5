import { uptime } from 'node:os';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../domain/clock.ts';

/** How much faster or slower than real time the clock runs while it catches up, as a share of the elapsed time. */
const SLEW = 0.05;
/** Milliseconds between checks whether the machine was suspended. */
const SLEEP_CHECK_MS = 1000;
/** A shorter difference may be rounding. */
const MIN_SLEEP_MS = 2000;

/** A clock that can be set by another one. */
export interface FollowingClock extends Clock {
  /** Follows another clock from now on, in epoch milliseconds: jumps to it once, then approaches it. */
  follow(reference: () => number): void;
}

/** The time sources of a clock; replaced in tests. */
export interface TimeSources {
  /** Milliseconds that only grow. They stand still while the machine is suspended. */
  readonly monotonicMs: () => number;
  /** Milliseconds since the machine started, suspensions included. */
  readonly uptimeMs: () => number;
  /** The machine's clock, in epoch milliseconds: it may be set at any time. */
  readonly wallMs: () => number;
}

const MACHINE: TimeSources = {
  monotonicMs: () => performance.now(),
  uptimeMs: () => uptime() * 1000,
  wallMs: () => Date.now(),
};

/**
 * A clock that does not jump when the machine's clock is set. It runs by the monotonic clock and approaches its reference by at most a
 * twentieth of the elapsed time, so deadlines, leases and pauses keep about their length. Only a suspension of the machine makes it
 * jump.
 */
export class SteadyClock implements FollowingClock {
  readonly #sources: TimeSources;
  #reference: () => number;
  #time: number;
  #monotonic: number;
  #checkedAt: number;
  /** Uptime minus monotonic time: grows by the length of each suspension. */
  #asleepMs: number;

  constructor(sources: TimeSources = MACHINE) {
    this.#sources = sources;
    this.#reference = sources.wallMs;
    this.#time = sources.wallMs();
    this.#monotonic = sources.monotonicMs();
    this.#checkedAt = this.#monotonic;
    this.#asleepMs = sources.uptimeMs() - this.#monotonic;
  }

  follow(reference: () => number): void {
    this.#reference = reference;
    this.#monotonic = this.#sources.monotonicMs();
    this.#time = reference();
  }

  /** Whole epoch milliseconds. */
  now(): number {
    const monotonic = this.#sources.monotonicMs();
    const elapsed = monotonic - this.#monotonic;
    this.#monotonic = monotonic;
    this.#time += elapsed + this.#sleptMs(monotonic);
    const wrongBy = this.#reference() - this.#time;
    this.#time += Math.max(-SLEW * elapsed, Math.min(SLEW * elapsed, wrongBy));
    return Math.floor(this.#time);
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return systemClock.sleep(ms, signal);
  }

  #sleptMs(monotonic: number): number {
    if (monotonic - this.#checkedAt < SLEEP_CHECK_MS) return 0;
    this.#checkedAt = monotonic;
    const asleepMs = this.#sources.uptimeMs() - monotonic;
    const sleptMs = asleepMs - this.#asleepMs;
    if (Math.abs(sleptMs) < MIN_SLEEP_MS) return 0;
    this.#asleepMs = asleepMs;
    return Math.max(0, sleptMs);
  }
}

/** The machine's own clock, which can be set at any time. For times that other machines measure too, such as the expiry of tokens. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => {}),
};

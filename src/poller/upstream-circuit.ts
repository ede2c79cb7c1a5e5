import { circuitBreaker, CircuitState, ConsecutiveBreaker, handleWhenResult } from 'cockatiel';
import type { CallGrant } from '../store/call-budget.ts';

/** What a call tells of the upstream: that it lives, or that it did not answer as one that lives. */
export type CallOutcome = 'answered' | 'failed';

/** What the circuit tells of itself. */
export interface CircuitListener {
  opened(): void;
  closed(): void;
}

/** So many calls in a row have to fail. Less could be one job's bad luck. */
const FAILURES = 10;
/** Milliseconds from one probe to the next while the circuit is open. */
const PROBE_PAUSE_MS = 10_000;

/**
 * Stops the calls of this process while the upstream is down, but for a probe each ten seconds. The circuit breaker is
 * the library's; when a probe may go out is decided here, by the clock that is passed in.
 */
export class UpstreamCircuit {
  readonly #breaker = circuitBreaker(
    handleWhenResult((outcome) => outcome === 'failed'),
    { halfOpenAfter: 0, breaker: new ConsecutiveBreaker(FAILURES) },
  );
  #probeAt = 0;
  #open = false;
  readonly #listener: CircuitListener;

  constructor(listener: CircuitListener) {
    this.#listener = listener;
  }

  /** True while calls are stopped, but for probes. */
  get isOpen(): boolean {
    return this.#open;
  }

  /**
   * How many of the wanted calls may go out.
   *
   * @param now epoch milliseconds
   */
  allow(wanted: number, now: number): CallGrant {
    if (!this.#open) return { granted: wanted, waitMs: 0 };
    if (now < this.#probeAt) return { granted: 0, waitMs: this.#probeAt - now };
    return { granted: Math.min(1, wanted), waitMs: 0 };
  }

  /** A probe goes out. */
  probing(now: number): void {
    this.#probeAt = now + PROBE_PAUSE_MS;
  }

  /** How a call went. */
  async tell(outcome: CallOutcome, now: number): Promise<void> {
    await this.#breaker.execute(() => outcome);
    const open = this.#breaker.state !== CircuitState.Closed;
    if (open === this.#open) return;
    this.#open = open;
    if (open) {
      this.probing(now);
      this.#listener.opened();
    } else this.#listener.closed();
  }
}

import {
  type CallBudgetState,
  type CallGrant,
  callRateLimited,
  newCallBudget,
  releaseCalls,
  reserveCalls,
} from '../../../src/domain/polling/call-budget-rules.ts';

/** Holds the state between the calls of the rules. */
export class Budget {
  readonly #rpm: number;
  #state: CallBudgetState;

  constructor(rpm: number, now: number) {
    this.#rpm = rpm;
    this.#state = newCallBudget(rpm, now);
  }

  /** How many calls would be granted now. */
  available(now: number): number {
    return this.#preview(Infinity, now).granted;
  }

  /** Milliseconds until a call would be granted. */
  waitMs(now: number): number {
    return this.#preview(1, now).waitMs;
  }

  /** Requests calls without taking them. */
  #preview(wanted: number, now: number): CallGrant {
    const { state, grant } = reserveCalls(this.#state, this.#rpm, wanted, now);
    if (grant.granted === 0) this.#state = state;
    return grant;
  }

  /** Takes all available calls. */
  drain(now: number): void {
    this.reserve(Infinity, now);
  }

  reserve(wanted: number, now: number): CallGrant {
    const { state, grant } = reserveCalls(this.#state, this.#rpm, wanted, now);
    this.#state = state;
    return grant;
  }

  release(count: number, now: number): void {
    this.#state = releaseCalls(this.#state, this.#rpm, count, now);
  }

  onRateLimited(now: number, random: number, retryAfterMs: number | null): void {
    this.#state = callRateLimited(this.#state, this.#rpm, now, random, retryAfterMs);
  }
}

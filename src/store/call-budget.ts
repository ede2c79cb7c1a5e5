import type { CallGrant } from '../domain/call-budget.ts';

/**
 * The upstream's rate limit and the circuit breaker, kept by all instances together; `domain/call-budget.ts` has the
 * rules. Its methods reject with `StoreUnavailableError` when the store can't be reached.
 */
export interface CallBudget {
  /** Takes up to this many calls out of the budget. */
  reserve(wanted: number): Promise<CallGrant>;
  /** Returns calls that were reserved and not made. */
  giveBack(count: number): Promise<void>;
  /**
   * The upstream refused a call for their number.
   *
   * @param random from 0 to 1
   * @param retryAfterMs null when it did not say
   */
  refused(random: number, retryAfterMs: number | null): Promise<void>;
  /** The API answered a call, whatever it said. */
  answered(): Promise<CircuitChange>;
  /**
   * A call got no answer of the API. Not to be reported while the API answers other calls: then the fault is that job's,
   * unless it is a submission, whose answer may have been paid for.
   */
  failed(): Promise<CircuitChange>;
}

/** What a report did to the circuit; null: nothing. */
export type CircuitChange = 'opened' | 'closed' | null;

/** A text that all instances share, changed by compare-and-set. */
export interface SharedText {
  /** @returns null when there is none, or none that can be read */
  read(): Promise<string | null>;
  /** Stores the text when the present one is still the expected one. @returns whether it was */
  replace(expected: string | null, next: string): Promise<boolean>;
}

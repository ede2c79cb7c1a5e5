import {
  callAnswered,
  type CallBudgetState,
  callFailed,
  type CallGrant,
  callRateLimited,
  releaseCalls,
  isCircuitOpen,
  newCallBudget,
  reserveCalls,
} from '../domain/polling/call-budget.ts';
import { SharedState, type SharedText } from './shared-text.ts';

/**
 * The upstream's rate limit and the circuit breaker, kept by all instances together; `domain/polling/call-budget.ts` has the
 * rules. Its methods reject with `StoreUnavailableError` when the store can't be reached.
 */
export interface CallBudget {
  /** Takes up to this many calls out of the budget. */
  reserve(wanted: number): Promise<CallGrant>;
  /** Returns calls that were reserved and not made. */
  release(count: number): Promise<void>;
  /**
   * The upstream refused a call for their number.
   *
   * @param random from 0 to 1
   * @param retryAfterMs null when it did not say
   */
  onRateLimited(random: number, retryAfterMs: number | null): Promise<void>;
  /** The API answered a call, whatever it said. */
  onAnswered(): Promise<CircuitChange>;
  /**
   * A call got no answer of the API. Not to be reported while the API answers other calls: then the fault is that job's,
   * unless it is a submission, whose answer may have been paid for.
   */
  onFailed(): Promise<CircuitChange>;
}

/** What a report did to the circuit; null: nothing. */
export type CircuitChange = 'opened' | 'closed' | null;

/** The call budget over a shared text, which holds its state as JSON. An unreadable state begins anew. */
export class SharedCallBudget implements CallBudget {
  readonly #state: SharedState<CallBudgetState>;
  readonly #rpm: number;
  readonly #now: () => number;
  /** Whether an answer would change nothing, by the state that was read or written last. */
  #isCalm = false;

  /**
   * @param rpm calls a minute; 0 for no limit
   * @param now epoch milliseconds, on which all instances agree
   */
  constructor(text: SharedText, rpm: number, now: () => number) {
    this.#rpm = rpm;
    this.#now = now;
    this.#state = new SharedState(text, {
      parse: (stored) => readState(stored) ?? newCallBudget(rpm, now()),
      stringify: (state) => JSON.stringify(state),
    });
  }

  async reserve(wanted: number): Promise<CallGrant> {
    return this.#change((state) => {
      const { state: next, grant } = reserveCalls(state, this.#rpm, wanted, this.#now());
      return { next, result: grant };
    });
  }

  async release(count: number): Promise<void> {
    await this.#change((state) => ({
      next: releaseCalls(state, this.#rpm, count, this.#now()),
      result: null,
    }));
  }

  async onRateLimited(random: number, retryAfterMs: number | null): Promise<void> {
    await this.#change((state) => ({
      next: callRateLimited(state, this.#rpm, this.#now(), random, retryAfterMs),
      result: null,
    }));
  }

  async onAnswered(): Promise<CircuitChange> {
    if (this.#isCalm && this.#state.isIdle) return null;
    return this.#change((state) => ({
      next: callAnswered(state, this.#now()),
      result: isCircuitOpen(state) ? 'closed' : null,
    }));
  }

  async onFailed(): Promise<CircuitChange> {
    return this.#change((state) => {
      const next = callFailed(state, this.#now());
      return { next, result: isCircuitOpen(next) && !isCircuitOpen(state) ? 'opened' : null };
    });
  }

  #change<T>(
    work: (state: CallBudgetState) => { readonly next: CallBudgetState; readonly result: T },
  ): Promise<T> {
    return this.#state.change((state) => {
      const changed = work(state);
      const { failures, refusals } = changed.next;
      this.#isCalm = failures === 0 && refusals === 0 && !isCircuitOpen(changed.next);
      return changed;
    });
  }
}

/** @returns null for what cannot be read: the budget begins anew */
function readState(text: string | null): CallBudgetState | null {
  if (text === null) return null;
  try {
    const state: CallBudgetState = JSON.parse(text);
    const { tokens, refilledAt, closedUntil, refusals, share, failures, probeAt } = state;
    const numbers = [tokens, refilledAt, closedUntil, refusals, share, failures, probeAt ?? 0];
    return numbers.every(Number.isFinite) ? state : null;
  } catch {
    return null;
  }
}

import {
  budgetStatusAt,
  callAnswered,
  type CallBudgetState,
  type CallBudgetStatus,
  callFailed,
  type CallGrant,
  callRateLimited,
  releaseCalls,
  isCircuitOpen,
  newCallBudget,
  reserveCalls,
} from '../domain/polling/call-budget-rules.ts';
import type { EventEmitter } from '../events/gateway-events.ts';
import { SharedState, type SharedText } from './shared-text.ts';

/**
 * The upstream's rate limit and the circuit breaker, shared by all instances. The rules are in `domain/polling/call-budget-rules.ts`. The
 * methods reject with `StoreUnavailableError` when the store cannot be reached. A report may open or close the circuit.
 */
export interface CallBudget {
  /** Reserves up to this many calls. */
  reserve(wanted: number): Promise<CallGrant>;
  /** Returns calls that were reserved and not made. */
  release(count: number): Promise<void>;
  /**
   * Reports that the upstream refused a call because of its rate limit.
   *
   * @param random from 0 to 1
   * @param retryAfterMs null when the answer contained none
   */
  onRateLimited(random: number, retryAfterMs: number | null): Promise<void>;
  /** Reports that the API answered a call, also with an error. */
  onAnswered(): Promise<void>;
  /**
   * Reports that the API did not answer a call. While the API answers other calls, report only a submission, because its lost answer may
   * have been paid for: other failures concern one job.
   */
  onFailed(): Promise<void>;
  /** Reads the budget without a change. */
  status(): Promise<CallBudgetStatus>;
}

/** The limit of a budget, for the log. */
export function describeRpm(rpm: number): string {
  return rpm === 0 ? 'no limit on upstream calls' : `${rpm} upstream calls a minute`;
}

/** The call budget in a shared text, as JSON. An unreadable state is replaced by a new one. */
export class SharedCallBudget implements CallBudget {
  readonly #state: SharedState<CallBudgetState>;
  readonly #rpm: number;
  readonly #now: () => number;
  readonly #events: EventEmitter;
  /** Whether an answer would not change the state that was last read or written. */
  #isCalm = false;

  /**
   * @param rpm calls a minute; 0 for no limit
   * @param now epoch milliseconds, the same for all instances
   */
  constructor(text: SharedText, rpm: number, now: () => number, events: EventEmitter) {
    this.#rpm = rpm;
    this.#now = now;
    this.#events = events;
    this.#state = new SharedState(text, {
      parse: (stored) => readState(stored) ?? newCallBudget(rpm, now()),
      stringify: (state) => JSON.stringify(state),
    });
  }

  reserve(wanted: number): Promise<CallGrant> {
    return this.#change((before) => {
      const { state, grant } = reserveCalls(before, this.#rpm, wanted, this.#now());
      return { next: state, result: grant };
    });
  }

  async release(count: number): Promise<void> {
    await this.#report((state) => releaseCalls(state, this.#rpm, count, this.#now()));
  }

  async onRateLimited(random: number, retryAfterMs: number | null): Promise<void> {
    await this.#report((state) => callRateLimited(state, this.#rpm, this.#now(), random, retryAfterMs));
  }

  async onAnswered(): Promise<void> {
    if (this.#isCalm && this.#state.isIdle) return;
    await this.#report((state) => callAnswered(state, this.#now()));
  }

  async onFailed(): Promise<void> {
    await this.#report((state) => callFailed(state, this.#now()));
  }

  async status(): Promise<CallBudgetStatus> {
    return budgetStatusAt(await this.#state.read(), this.#rpm, this.#now());
  }

  async #report(change: (state: CallBudgetState) => CallBudgetState): Promise<void> {
    const { wasOpen, isOpen } = await this.#change((state) => {
      const next = change(state);
      return { next, result: { wasOpen: isCircuitOpen(state), isOpen: isCircuitOpen(next) } };
    });
    if (wasOpen !== isOpen) this.#events.emit('circuit', { state: isOpen ? 'open' : 'closed' });
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

/** @returns null for an unreadable text */
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

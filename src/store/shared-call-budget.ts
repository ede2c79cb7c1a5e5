import {
  callAnswered,
  type CallBudgetState,
  callFailed,
  type CallGrant,
  callRefused,
  giveBackCalls,
  isCircuitOpen,
  newCallBudget,
  reserveCalls,
} from '../domain/call-budget.ts';
import type { CallBudget, CircuitChange, SharedText } from './call-budget.ts';
import { StoreUnavailableError } from './job-store.ts';

/** With so many instances that each spoils the other's try, one of them still gets through each time. */
const MAX_TRIES = 50;

/** A change that waits to be made. */
interface Change {
  /** May be run again on another state, and then the last time counts. @returns the next state */
  readonly apply: (state: CallBudgetState) => CallBudgetState;
  readonly stored: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * The call budget over a shared text that holds its state as JSON. One replacement at a time: changes that are asked
 * for meanwhile are made together by the next one, so that the calls of one process never compete with each other.
 */
export class SharedCallBudget implements CallBudget {
  readonly #text: SharedText;
  readonly #rpm: number;
  readonly #now: () => number;
  #waiting: Change[] = [];
  #isBusy = false;
  /** As last read or written: whether there is any news in an answer. */
  #isCalm = false;

  /**
   * @param rpm calls a minute; 0 for no limit
   * @param now epoch milliseconds, on which all instances agree
   */
  constructor(text: SharedText, rpm: number, now: () => number) {
    this.#text = text;
    this.#rpm = rpm;
    this.#now = now;
  }

  async reserve(wanted: number): Promise<CallGrant> {
    return this.#change((state) => {
      const { state: next, grant } = reserveCalls(state, this.#rpm, wanted, this.#now());
      return { next, result: grant };
    });
  }

  async giveBack(count: number): Promise<void> {
    await this.#change((state) => ({
      next: giveBackCalls(state, this.#rpm, count, this.#now()),
      result: null,
    }));
  }

  async refused(random: number, retryAfterMs: number | null): Promise<void> {
    await this.#change((state) => ({
      next: callRefused(state, this.#rpm, this.#now(), random, retryAfterMs),
      result: null,
    }));
  }

  async answered(): Promise<CircuitChange> {
    if (this.#isCalm && this.#waiting.length === 0 && !this.#isBusy) return null;
    return this.#change((state) => ({
      next: callAnswered(state, this.#now()),
      result: isCircuitOpen(state) ? 'closed' : null,
    }));
  }

  async failed(): Promise<CircuitChange> {
    return this.#change((state) => {
      const next = callFailed(state, this.#now());
      return { next, result: isCircuitOpen(next) && !isCircuitOpen(state) ? 'opened' : null };
    });
  }

  #change<T>(
    work: (state: CallBudgetState) => { readonly next: CallBudgetState; readonly result: T },
  ): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    let outcome: { readonly result: T };
    this.#waiting.push({
      apply: (state) => {
        const { next, result } = work(state);
        outcome = { result };
        return next;
      },
      stored: () => resolve(outcome.result),
      failed: reject,
    });
    if (!this.#isBusy) void this.#makeChanges();
    return promise;
  }

  /** Never rejects. */
  async #makeChanges(): Promise<void> {
    this.#isBusy = true;
    while (this.#waiting.length > 0) {
      const changes = this.#waiting;
      this.#waiting = [];
      try {
        await this.#store((state) => changes.reduce((present, { apply }) => apply(present), state));
        for (const { stored } of changes) stored();
      } catch (error) {
        for (const { failed } of changes) failed(error);
      }
    }
    this.#isBusy = false;
  }

  async #store(apply: (state: CallBudgetState) => CallBudgetState): Promise<void> {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const text = await this.#text.read();
      const state = readState(text) ?? newCallBudget(this.#rpm, this.#now());
      const next = apply(state);
      this.#isCalm = next.failures === 0 && next.refusals === 0 && !isCircuitOpen(next);
      if (isEqual(state, next) || (await this.#text.replace(text, JSON.stringify(next)))) return;
    }
    throw new StoreUnavailableError('Too many instances change the call budget at the same time.');
  }
}

function isEqual(one: CallBudgetState, other: CallBudgetState): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
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

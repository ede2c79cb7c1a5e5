import { backoffMs } from '../domain/backoff.ts';

const MINUTE_MS = 60_000;

/**
 * How many upstream calls may go out: a token bucket for `rpm` calls in any 60 seconds, closed for a while by a 429.
 *
 * With burst b and refill rate r a bucket lets at most b + 60·r − 1 calls pass in any half-open minute; b is a tenth
 * of the limit and r takes what remains.
 */
export class RateBudget {
  readonly #burst: number;
  readonly #refillPerMs: number;
  #tokens: number;
  #refilledAt: number;
  #closedUntil = 0;
  #refusals = 0;

  /**
   * @param rpm calls a minute; 0 for no limit
   * @param now epoch milliseconds
   */
  constructor(rpm: number, now: number) {
    this.#burst = rpm === 0 ? Infinity : Math.max(1, Math.floor(rpm / 10));
    this.#refillPerMs = rpm === 0 ? 0 : (rpm - this.#burst + 1) / MINUTE_MS;
    this.#tokens = this.#burst;
    this.#refilledAt = now;
  }

  /** How many calls may go out now. */
  available(now: number): number {
    if (now < this.#closedUntil) return 0;
    const elapsed = Math.max(0, now - this.#refilledAt);
    this.#tokens = Math.min(this.#burst, this.#tokens + elapsed * this.#refillPerMs);
    this.#refilledAt = Math.max(this.#refilledAt, now);
    return Math.floor(this.#tokens);
  }

  /** Milliseconds until a call may go out; 0 when one may now. */
  waitMs(now: number): number {
    if (now < this.#closedUntil) return this.#closedUntil - now;
    return this.available(now) > 0 ? 0 : Math.ceil((1 - this.#tokens) / this.#refillPerMs);
  }

  /** Takes tokens that `available` has just shown. */
  take(count: number): void {
    this.#tokens -= count;
  }

  /** The upstream refused a call for their number (429): no call goes out for as long as it asked, or a backoff. */
  refused(now: number, random: number, retryAfterMs: number | null): void {
    // Refusals of calls that were under way together count as one.
    if (now < this.#closedUntil) return;
    this.#refusals += 1;
    this.#closedUntil = now + Math.min(retryAfterMs ?? backoffMs(this.#refusals, random), MAX_CLOSED_MS);
    // It opens with one call, not with a burst.
    this.#tokens = this.#burst === Infinity ? Infinity : 1;
    this.#refilledAt = this.#closedUntil;
  }

  /** The upstream served a call. */
  served(): void {
    this.#refusals = 0;
  }
}

/** A longer Retry-After is tried again after this. */
const MAX_CLOSED_MS = 5 * MINUTE_MS;

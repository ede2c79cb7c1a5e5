import { backoffMs } from '../domain/backoff.ts';
import {
  bucketFor,
  type CallBudget,
  type CallGrant,
  MAX_RETRY_AFTER_MS,
  type TokenBucket,
} from '../store/call-budget.ts';

const NO_LIMIT: TokenBucket = { burst: Infinity, refillPerMs: 0 };
/** What many small refills may lack of a whole token. */
const ROUNDING = 1e-6;

/**
 * How many upstream calls may go out: a token bucket for `rpm` calls in any 60 seconds, closed for a while by a 429.
 */
export class RateBudget implements CallBudget {
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
    const { burst, refillPerMs } = rpm === 0 ? NO_LIMIT : bucketFor(rpm);
    this.#burst = burst;
    this.#refillPerMs = refillPerMs;
    this.#tokens = this.#burst;
    this.#refilledAt = now;
  }

  /** How many calls may go out now. */
  available(now: number): number {
    if (now < this.#closedUntil) return 0;
    this.#refill(now);
    return Math.floor(this.#tokens + ROUNDING);
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

  reserve(wanted: number, now: number): CallGrant {
    const granted = Math.min(wanted, this.available(now));
    this.take(granted);
    return { granted, waitMs: granted > 0 ? 0 : this.waitMs(now) };
  }

  giveBack(count: number, now: number): void {
    // Closed by a 429 meanwhile, it still opens with one call at most.
    if (now < this.#closedUntil) return;
    this.#refill(now);
    this.#tokens = Math.min(this.#burst, this.#tokens + count);
  }

  /** The upstream refused a call for their number (429): no call goes out for as long as it asked, or a backoff. */
  refused(now: number, random: number, retryAfterMs: number | null): void {
    // Refusals of calls that were under way together count as one, and the longest time that one asked for holds.
    const together = now < this.#closedUntil;
    if (!together) this.#refusals += 1;
    const waitMs = retryAfterMs ?? (together ? 0 : backoffMs(this.#refusals, random));
    this.#closedUntil = Math.max(this.#closedUntil, now + Math.min(waitMs, MAX_RETRY_AFTER_MS));
    // It opens with one call at most, not with a burst.
    this.#refill(this.#closedUntil);
    if (this.#burst !== Infinity) this.#tokens = Math.min(1, this.#tokens);
  }

  /** The upstream served a call. */
  served(): void {
    this.#refusals = 0;
  }

  /** Brings the bucket to what it holds at a time. */
  #refill(at: number): void {
    const elapsed = Math.max(0, at - this.#refilledAt);
    this.#tokens = Math.min(this.#burst, this.#tokens + elapsed * this.#refillPerMs);
    this.#refilledAt = Math.max(this.#refilledAt, at);
  }
}

import { backoffMs } from '../domain/backoff.ts';
import {
  bucketFor,
  type CallBudget,
  type CallGrant,
  MAX_RETRY_AFTER_MS,
  RECOVERY,
  type TokenBucket,
} from '../store/call-budget.ts';

/** What many small refills may lack of a whole token. */
const ROUNDING = 1e-6;

/** The call budget of one process: a token bucket for `rpm` calls in any 60 seconds. */
export class RateBudget implements CallBudget {
  readonly #limited: boolean;
  readonly #bucket: TokenBucket;
  #tokens: number;
  #refilledAt: number;
  #closedUntil = -Infinity;
  #refusals = 0;
  /** Of the rate, at the end of the last closure. */
  #share = 1;

  /**
   * @param rpm calls a minute; 0 for no limit
   * @param now epoch milliseconds
   */
  constructor(rpm: number, now: number) {
    this.#limited = rpm > 0;
    this.#bucket = bucketFor(this.#limited ? rpm : RECOVERY.unlimitedRpm);
    this.#tokens = this.#bucket.burst;
    this.#refilledAt = now;
  }

  /** How many calls may go out now. */
  available(now: number): number {
    this.#checkClock(now);
    if (now < this.#closedUntil) return 0;
    if (this.#isUnlimited(now)) return Infinity;
    this.#refill(now);
    return Math.floor(this.#tokens + ROUNDING);
  }

  /** Milliseconds until a call may go out; 0 when one may now. */
  waitMs(now: number): number {
    this.#checkClock(now);
    if (now < this.#closedUntil) return this.#closedUntil - now;
    if (this.available(now) > 0) return 0;
    return Math.ceil((1 - this.#tokens) / (this.#bucket.refillPerMs * this.#shareAt(now)));
  }

  /** Takes tokens that `available` has just shown. */
  take(count: number): void {
    // Without a limit more is taken than is there.
    this.#tokens = Math.max(0, this.#tokens - count);
  }

  reserve(wanted: number, now: number): CallGrant {
    const granted = Math.min(wanted, this.available(now));
    this.take(granted);
    return { granted, waitMs: granted > 0 ? 0 : this.waitMs(now) };
  }

  giveBack(count: number, now: number): void {
    // Closed by a 429 meanwhile, it still opens with one call at most.
    if (now < this.#closedUntil || this.#isUnlimited(now)) return;
    this.#tokens += count;
    this.#refill(now);
  }

  refused(now: number, random: number, retryAfterMs: number | null): void {
    this.#checkClock(now);
    // Refusals of calls that were under way together count as one, and the longest time that one asked for holds.
    const together = now < this.#closedUntil;
    const share = this.#shareAt(now);
    if (!together) {
      const isFirst = now - this.#closedUntil > RECOVERY.episodeMs;
      this.#refusals = isFirst ? 1 : this.#refusals + 1;
      this.#share = isFirst ? Math.max(RECOVERY.minShare, share / 2) : share;
    }
    const asked = Math.max(0, retryAfterMs ?? 0);
    const backoff = backoffMs(asked > 0 ? this.#refusals : this.#refusals + 1, random);
    // The first is believed; when its time was not enough, or it gave none, the own one counts too.
    const own = together || (asked > 0 && this.#refusals === 1) ? 0 : backoff;
    const waitMs = Math.max(asked, own);
    this.#closedUntil = Math.max(this.#closedUntil, now + Math.min(waitMs, MAX_RETRY_AFTER_MS));
    // It opens with one call at most, not with a burst.
    this.#refill(this.#closedUntil);
    this.#tokens = Math.min(1, this.#tokens);
  }

  /** A clock that was set back by more than any closure lasts would keep it closed until it is where it was. */
  #checkClock(now: number): void {
    if (this.#closedUntil > now + MAX_RETRY_AFTER_MS) this.#closedUntil = now;
    if (this.#refilledAt > now + MAX_RETRY_AFTER_MS) this.#refilledAt = now;
  }

  #shareAt(at: number): number {
    return Math.min(1, this.#share + Math.max(0, at - this.#closedUntil) / RECOVERY.climbMs);
  }

  #isUnlimited(now: number): boolean {
    return !this.#limited && this.#shareAt(now) === 1;
  }

  /** Brings the bucket to what it holds at a time. */
  #refill(at: number): void {
    const share = this.#shareAt(at);
    const elapsed = Math.max(0, at - this.#refilledAt);
    const burst = Math.max(1, this.#bucket.burst * share);
    this.#tokens = Math.min(burst, this.#tokens + elapsed * this.#bucket.refillPerMs * share);
    this.#refilledAt = Math.max(this.#refilledAt, at);
  }
}

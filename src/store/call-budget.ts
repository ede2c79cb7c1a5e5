/** How many calls may be made. */
export interface CallGrant {
  readonly granted: number;
  /** Milliseconds until it is worth to ask again, when none was granted. */
  readonly waitMs: number;
}

/**
 * The upstream's rate limit, kept by all instances together. With a shared store it lives there, and its methods
 * reject with `StoreUnavailableError` when the store can't be reached.
 *
 * A refusal (429) closes it, for as long as the upstream asks or for 2 seconds, doubled with each further one up to 60,
 * of which chance takes away up to half; what is asked for again and again is not believed to be enough. It opens with
 * one call, at half the rate, and climbs back by a tenth of the limit a minute: additive increase, multiplicative
 * decrease (D. Chiu, R. Jain, 1989). Refusals that come less than a minute after it has opened do not halve the rate
 * again. Where there is no limit, 600 calls a minute hold until it has climbed back.
 */
export interface CallBudget {
  /**
   * Takes up to this many calls out of the budget.
   *
   * @param now epoch milliseconds
   */
  reserve(wanted: number, now: number): CallGrant | Promise<CallGrant>;
  /**
   * Returns calls that were reserved and not made.
   *
   * @param now epoch milliseconds
   */
  giveBack(count: number, now: number): void | Promise<void>;
  /**
   * The upstream refused a call for their number.
   *
   * @param now epoch milliseconds
   * @param random from 0 to 1
   * @param retryAfterMs null when it did not say
   */
  refused(now: number, random: number, retryAfterMs: number | null): void | Promise<void>;
}

/** The longest Retry-After that is believed, in milliseconds: after this a call is tried all the same. */
export const MAX_RETRY_AFTER_MS = 5 * 60 * 1000;

/** How a budget recovers from refusals. */
export const RECOVERY = {
  /** The shortest of the rates that refusals lower it to, as a share of the limit. */
  minShare: 1 / 16,
  /** Milliseconds for the whole climb. */
  climbMs: 10 * 60 * 1000,
  /** Milliseconds without a refusal after which the next one is the first again. */
  episodeMs: 60_000,
  /** Calls a minute while a budget without a limit recovers. */
  unlimitedRpm: 600,
} as const;

/** A token bucket: so many tokens at most, refilled at this rate. */
export interface TokenBucket {
  readonly burst: number;
  readonly refillPerMs: number;
}

const MINUTE_MS = 60_000;
/** A call that takes longer than the one a minute before it to get there must not make one too many. */
const SLACK_MS = 500;

/**
 * The bucket for `rpm` calls in any minute: with burst b and refill r it lets at most b + 60·r − 1 calls pass in any
 * half-open minute. b is a tenth of the limit and r takes what remains, over a minute and a little.
 *
 * @param rpm calls a minute, above 0
 */
export function bucketFor(rpm: number): TokenBucket {
  const burst = Math.max(1, Math.floor(rpm / 10));
  return { burst, refillPerMs: (rpm - burst + 1) / (MINUTE_MS + SLACK_MS) };
}

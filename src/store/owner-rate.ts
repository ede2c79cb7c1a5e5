import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { StoreUnavailableError } from './job-store.ts';

/** A rate limit for each owner. Failed calls count as well. */
export interface OwnerRate {
  /**
   * Counts a call.
   *
   * @returns null when the call is allowed, else milliseconds until the next call is, at least 1
   * @throws StoreUnavailableError when the call could not be counted
   */
  take(ownerId: string): Promise<number | null>;
}

/** Length of a window in seconds. A window begins with the owner's first call. */
export const RATE_WINDOW_SECONDS = 60;

/** No limit. */
export const UNLIMITED_RATE: OwnerRate = { take: async () => null };

/** A limit that a limiter of the library counts. */
export function ownerRateBy(limiter: RateLimiterAbstract): OwnerRate {
  return {
    take: async (ownerId) => {
      try {
        await limiter.consume(ownerId);
        return null;
      } catch (error) {
        if (error instanceof RateLimiterRes) return Math.max(1, error.msBeforeNext);
        throw new StoreUnavailableError('The call could not be counted', { cause: error });
      }
    },
  };
}

/**
 * A limit that counts in this process. Its timers do not keep the process alive.
 *
 * @param rpm calls a minute; 0 for no limit
 */
export function memoryOwnerRate(rpm: number): OwnerRate {
  if (rpm === 0) return UNLIMITED_RATE;
  return ownerRateBy(new RateLimiterMemory({ points: rpm, duration: RATE_WINDOW_SECONDS }));
}

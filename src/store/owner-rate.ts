import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { StoreUnavailableError } from './job-store.ts';

/** How often an owner may call something, whatever comes of the calls. */
export interface OwnerRate {
  /**
   * Counts a call.
   *
   * @returns null when it may be made, else milliseconds until the next one may, at least 1
   * @throws StoreUnavailableError when it could not be counted
   */
  take(ownerId: string): Promise<number | null>;
}

/** Seconds of a window: they begin with an owner's first call, and in each as many calls may be made as the limit says. */
export const RATE_WINDOW_SECONDS = 60;

/** No limit. */
export const UNLIMITED_RATE: OwnerRate = { take: async () => null };

/** The limit by a limiter of the library, wherever that counts. */
export function ownerRateBy(limiter: RateLimiterAbstract): OwnerRate {
  return {
    take: async (ownerId) => {
      try {
        await limiter.consume(ownerId);
        return null;
      } catch (error) {
        if (error instanceof RateLimiterRes) return Math.max(1, error.msBeforeNext);
        throw new StoreUnavailableError('The call could not be counted.', { cause: error });
      }
    },
  };
}

/**
 * The limit of one process. Its timers keep no process alive.
 *
 * @param rpm calls a minute; 0 for no limit
 */
export function memoryOwnerRate(rpm: number): OwnerRate {
  if (rpm === 0) return UNLIMITED_RATE;
  return ownerRateBy(new RateLimiterMemory({ points: rpm, duration: RATE_WINDOW_SECONDS }));
}

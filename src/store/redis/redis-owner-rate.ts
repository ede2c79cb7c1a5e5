import { RateLimiterRedis } from 'rate-limiter-flexible';
import { type OwnerRate, ownerRateBy, RATE_WINDOW_SECONDS, UNLIMITED_RATE } from '../owner-rate.ts';
import type { RedisClient } from './connections.ts';
import { keys } from './keys.ts';

/**
 * The limit of all instances together.
 *
 * @param client stays the caller's
 * @param of what is called; each is counted apart
 * @param rpm calls a minute; 0 for no limit
 */
export function redisOwnerRate(client: RedisClient, of: keyof typeof keys.rate, rpm: number): OwnerRate {
  if (rpm === 0) return UNLIMITED_RATE;
  return ownerRateBy(
    new RateLimiterRedis({
      storeClient: client,
      keyPrefix: keys.rate[of],
      points: rpm,
      duration: RATE_WINDOW_SECONDS,
    }),
  );
}

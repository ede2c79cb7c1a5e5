import { createLRUCache } from 'graphql-yoga';

/**
 * A cache by text that forgets what was not used for longest.
 *
 * @param max how many values it keeps
 */
export function recentlyUsed<T extends object | boolean>(max: number): ReturnType<typeof createLRUCache<T>> {
  // Nothing here grows old, and each look at a clock would set a timer of a millisecond, which wakes an idle process.
  return createLRUCache<T>({ max, ttl: 0 });
}

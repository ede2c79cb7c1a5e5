import { afterEach, describe, expect, test, vi } from 'vitest';
import { recentlyUsed } from '../../src/server/recently-used.ts';

describe('a cache by text', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  test('forgets what was not used for longest', () => {
    const cache = recentlyUsed<true>(2);
    cache.set('a', true);
    cache.set('b', true);
    cache.get('a');
    cache.set('c', true);
    expect(['a', 'b', 'c'].filter((text) => cache.has(text))).toEqual(['a', 'c']);
  });

  test('sets no timers, and forgets nothing for its age', () => {
    vi.useFakeTimers();
    const cache = recentlyUsed<true>(1);
    cache.set('a', true);
    vi.advanceTimersByTime(7 * 24 * 3_600_000);
    expect(cache.get('a')).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });
});

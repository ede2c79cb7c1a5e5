import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { memoryOwnerRate } from '../../src/store/owner-rate.ts';
import { MINUTE, SECOND } from '../support/times.ts';

describe('the rate limit of owners in one process', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('allows each owner a number of calls a minute, and returns the time to wait', async () => {
    const rate = memoryOwnerRate(2);
    expect([await rate.take('ada'), await rate.take('ada')]).toEqual([null, null]);
    vi.advanceTimersByTime(20 * SECOND);
    expect(await rate.take('ada')).toBe(40 * SECOND);
    expect(await rate.take('bob')).toBeNull();
    // Refused calls do not extend the wait.
    vi.advanceTimersByTime(40 * SECOND);
    expect(await rate.take('ada')).toBeNull();
  });

  it('does not limit calls with 0', async () => {
    const rate = memoryOwnerRate(0);
    for (let i = 0; i < 1000; i += 1) expect(await rate.take('ada')).toBeNull();
  });

  it('forgets inactive owners', async () => {
    const rate = memoryOwnerRate(1);
    await Promise.all(Array.from({ length: 50 }, (_, index) => rate.take(`owner-${index}`)));
    expect(vi.getTimerCount()).toBe(50);
    vi.advanceTimersByTime(MINUTE);
    expect(vi.getTimerCount()).toBe(0);
  });
});

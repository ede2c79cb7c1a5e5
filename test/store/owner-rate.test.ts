import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { memoryOwnerRate } from '../../src/store/owner-rate.ts';
import { MINUTE, SECOND } from '../support/times.ts';

describe('the call rate of owners in one process', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('lets each owner make so many calls a minute, and says how long to wait', async () => {
    const rate = memoryOwnerRate(2);
    expect([await rate.take('ada'), await rate.take('ada')]).toEqual([null, null]);
    vi.advanceTimersByTime(20 * SECOND);
    expect(await rate.take('ada')).toBe(40 * SECOND);
    expect(await rate.take('bob')).toBeNull();
    // What was refused does not make the wait longer.
    vi.advanceTimersByTime(40 * SECOND);
    expect(await rate.take('ada')).toBeNull();
  });

  it('lets everything through at 0', async () => {
    const rate = memoryOwnerRate(0);
    for (let i = 0; i < 1000; i += 1) expect(await rate.take('ada')).toBeNull();
  });

  it('forgets owners that call no more', async () => {
    const rate = memoryOwnerRate(1);
    await Promise.all(Array.from({ length: 50 }, (_, index) => rate.take(`owner-${index}`)));
    expect(vi.getTimerCount()).toBe(50);
    vi.advanceTimersByTime(MINUTE);
    expect(vi.getTimerCount()).toBe(0);
  });
});

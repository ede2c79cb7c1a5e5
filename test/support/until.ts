import { expect, vi } from 'vitest';

/** Resolves as soon as a reading has a value; fails with what it read last when that takes too long. */
export function until<T>(read: () => T, value: T, timeout = 10_000): Promise<void> {
  return vi.waitFor(() => expect(read()).toEqual(value), { timeout, interval: 10 });
}

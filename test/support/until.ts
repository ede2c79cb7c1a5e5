import { expect, vi } from 'vitest';

/** Resolves as soon as `read` returns the value; fails with the last reading after the timeout. */
export function until<T>(read: () => T, value: T, timeout = 30_000): Promise<void> {
  return vi.waitFor(() => expect(read()).toEqual(value), { timeout, interval: 10 });
}

import { expect, it } from 'vitest';
import { postponedMs, retryPauseMs } from '../../../src/webhooks/delivery/retry-plan.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../support/times.ts';

const pauses = (random: number) =>
  Array.from({ length: 20 }, (_, index) => retryPauseMs(index + 1, null, random)).filter((ms) => ms !== null);

it.each([0, 0.5, 1])(
  'tries twice within 30 seconds, then with growing pauses over three days (%f)',
  (random) => {
    const [first = 0, second = 0, ...later] = pauses(random);
    // With two attempts that take 10 seconds each.
    expect(first + second + 20 * SECOND).toBeLessThan(30 * SECOND);
    expect(later.toSorted((a, b) => a - b)).toEqual(later);
    const total = pauses(random).reduce((sum, ms) => sum + ms, 0);
    expect(total / DAY).toBeGreaterThan(2.6);
    expect(total / DAY).toBeLessThan(3.3);
  },
);

it('waits as long as the target asks for, for a day at most', () => {
  expect(retryPauseMs(1, 2 * MINUTE, 0.5)).toBe(2 * MINUTE);
  expect(retryPauseMs(3, SECOND, 0.5)).toBe(MINUTE);
  expect(retryPauseMs(1, 30 * DAY, 0.5)).toBe(DAY);
});

it('postpones an older delivery for longer, and gives it up after three days', () => {
  expect([0, 10 * MINUTE, DAY].map((age) => postponedMs(age, 0.5))).toEqual([
    30 * SECOND,
    2.5 * MINUTE,
    HOUR,
  ]);
  expect(postponedMs(3 * DAY + 1, 0.5)).toBeNull();
});

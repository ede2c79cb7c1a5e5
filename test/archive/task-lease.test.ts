import { expect, it } from 'vitest';
import { TaskLease } from '../../src/archive/task-lease.ts';
import { StoreUnavailableError } from '../../src/store/job-store.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { MINUTE, NOON, SECOND } from '../support/times.ts';

const TASK = { jobId: 'a', leaseId: '1', failureCount: 0 };

/** @param extend the outcome of each prolongation; the last one repeats */
function start(...outcomes: readonly (boolean | Error)[]) {
  const clock = new FakeClock();
  const until: number[] = [];
  const stopping = new AbortController();
  const extend = async (_task: unknown, leaseUntil: number) => {
    const outcome = outcomes[Math.min(until.length, outcomes.length - 1)];
    until.push(leaseUntil);
    if (outcome instanceof Error) throw outcome;
    return outcome === true;
  };
  const lease = new TaskLease(TASK, { tasks: { extend }, clock, stop: stopping.signal });
  return { clock, until, stopping, lease };
}

it('a lease is prolonged for as long as the work lasts, and no longer', async () => {
  const { clock, until, lease } = start(true);
  await clock.advance(MINUTE);
  expect(until).toEqual([80, 100, 120].map((seconds) => NOON + seconds * SECOND));
  await lease.end();
  await clock.advance(MINUTE);
  expect(until).toHaveLength(3);
  expect([lease.isLost, lease.signal.aborted, clock.sleeping]).toEqual([false, false, 0]);
});

it('the work ends when the lease no longer holds', async () => {
  const { clock, lease } = start(true, false);
  const { signal } = lease;
  await clock.advance(30 * SECOND);
  expect(lease.isLost).toBe(false);
  await clock.advance(10 * SECOND);
  expect([lease.isLost, signal.aborted]).toEqual([true, true]);
});

it('while the store is unavailable, the work goes on until the lease has run out', async () => {
  const { clock, lease } = start(true, new StoreUnavailableError('away'));
  // Prolonged at 20 s, so it holds until 80 s.
  await clock.advance(79 * SECOND);
  expect(lease.isLost).toBe(false);
  await clock.advance(SECOND);
  expect(lease.isLost).toBe(true);
});

it('a stop ends the work, and does not lose the lease', async () => {
  const { stopping, lease } = start(true);
  stopping.abort();
  expect([lease.signal.aborted, lease.isLost]).toEqual([true, false]);
  await lease.end();
});

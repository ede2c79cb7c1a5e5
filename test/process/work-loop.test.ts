import { expect, it } from 'vitest';
import { WorkLoop } from '../../src/process/work-loop.ts';
import { listening } from '../support/events.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** A loop whose runs end as `work` says, with the times at which they began. */
function createLoop(work: (run: number) => Promise<number>) {
  const clock = new FakeClock(0);
  const runs: number[] = [];
  const pauses: unknown[] = [];
  const loop = new WorkLoop({
    work: () => work(runs.push(clock.now())),
    events: listening('fault', ({ details }) => pauses.push(details['retryInMs'])),
    fault: { part: 'poller', message: 'the store failed' },
    maxFaultPauseMs: 5000,
    clock,
    random: () => 0.5,
  });
  return { loop, clock, runs, pauses };
}

it('runs again after the pause of each run', async () => {
  const { loop, clock, runs } = createLoop(async (run) => run * 100);
  loop.start();
  await clock.advance(650);
  expect(runs).toEqual([0, 100, 300, 600]);
  await loop.stop();
});

it('ends a pause when it is woken, also by a call during the run before it', async () => {
  const { loop, clock, runs } = createLoop(async (run) => {
    if (run === 2) loop.wake();
    return 1000;
  });
  loop.start();
  await clock.advance(400);
  loop.wake();
  await clock.advance(0);
  expect(runs).toEqual([0, 400, 400]);
  await loop.stop();
});

it('pauses longer after each failure in a row, up to its limit, and starts over after a success', async () => {
  const { loop, clock, pauses } = createLoop(async (run) => {
    if (run === 10) return 1;
    throw new Error('away');
  });
  loop.start();
  await clock.advance(120_000);
  await loop.stop();
  expect(pauses.slice(0, 9)).toEqual(pauses.slice(0, 9).toSorted((a, b) => Number(a) - Number(b)));
  expect(pauses[8]).toBe(5000);
  expect(pauses[9]).toBe(pauses[0]);
});

it('waits for its run when it is stopped, begins no other, and leaves no timer', async () => {
  const run = Promise.withResolvers<number>();
  const { loop, clock, runs } = createLoop(() => run.promise);
  loop.start();
  await clock.advance(0);
  let isStopped = false;
  const stopped = loop.stop().then(() => {
    isStopped = true;
  });
  await clock.advance(1000);
  expect(isStopped).toBe(false);
  run.resolve(500);
  await stopped;
  loop.start();
  await clock.advance(1000);
  expect([runs, clock.sleeping]).toEqual([[0], 0]);
});

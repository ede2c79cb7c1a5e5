import { expect, it } from 'vitest';
import type { JobEvents, RemovalListener } from '../../src/store/job-store.ts';
import { MAX_WAITING_JOBS, SlowSubscriberError } from '../../src/watching/watch-owner.ts';
import { watchRemovals } from '../../src/watching/watch-removals.ts';

/** Removals that a test announces. */
class Removals implements Pick<JobEvents, 'subscribeRemovals'> {
  readonly listeners = new Set<RemovalListener>();

  async subscribeRemovals(_: string, listener: RemovalListener) {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  remove(...ids: readonly string[]): void {
    for (const listener of this.listeners) ids.forEach((id) => listener(id));
  }
}

it('keeps the removals that were not read, in order', async () => {
  const removals = new Removals();
  const watch = await watchRemovals(removals, 'ada');
  removals.remove('vj_1', 'vj_2');
  const read = [await watch.next(), await watch.next()];
  const next = watch.next();
  removals.remove('vj_3');
  expect([...read, await next].map(({ value }) => value)).toEqual(['vj_1', 'vj_2', 'vj_3']);
  await watch.return();
  expect(removals.listeners.size).toBe(0);
});

it('fails when more removals wait than it can hold, and unsubscribes', async () => {
  const removals = new Removals();
  const watch = await watchRemovals(removals, 'ada');
  removals.remove(...Array.from({ length: MAX_WAITING_JOBS }, (_, index) => `vj_${index}`));
  expect(removals.listeners.size).toBe(1);
  removals.remove('vj_more');
  expect(removals.listeners.size).toBe(0);
  await expect(watch.next()).rejects.toThrow(SlowSubscriberError);
  expect(await watch.next()).toEqual({ done: true, value: undefined });
});

import { describe, expect, it } from 'vitest';
import type { Job } from '../../src/domain/job/job.ts';
import { MAX_WAITING_JOBS, SlowSubscriberError, watchOwner } from '../../src/watching/watch-owner.ts';
import { overrideStore } from '../support/override-store.ts';
import { isPending, WatchHarness } from './watch-harness.ts';

const DONE = { done: true, value: undefined };

describe("the watch of an owner's jobs", () => {
  it('delivers changes from now on, new jobs included, and does not end with a job', async () => {
    await using harness = new WatchHarness();
    const old = await harness.create();
    const feed = await watchOwner(harness.store, 'ada');
    const read = feed.next();
    expect(await isPending(read)).toBe(true);
    const fresh = await harness.create();
    expect((await read).value).toEqual(fresh);
    const done = await harness.finish(old);
    expect((await feed.next()).value).toEqual(done);
    const next = feed.next();
    expect(await isPending(next)).toBe(true);
    await feed.return?.();
    expect(await next).toEqual(DONE);
  });

  it("does not deliver other owners' jobs", async () => {
    await using harness = new WatchHarness();
    const feed = await watchOwner(harness.store, 'ada');
    const bobs = await harness.create('bob');
    await harness.finish(bobs);
    const mine = await harness.create();
    expect((await feed.next()).value).toEqual(mine);
  });

  it('delivers every version to a fast reader, in order', async () => {
    await using harness = new WatchHarness();
    const feed = await watchOwner(harness.store, 'ada');
    const job = await harness.create();
    const seen = [(await feed.next()).value?.version];
    for (let i = 0; i < 10; i += 1) {
      const read = feed.next();
      await harness.change(job);
      seen.push((await read).value?.version);
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it('delivers the newest version of each job to a slow reader, the longest waiting first', async () => {
    await using harness = new WatchHarness();
    const feed = await watchOwner(harness.store, 'ada');
    const [a, b, c] = [await harness.create(), await harness.create(), await harness.create()];
    await harness.change(c, 2);
    await harness.change(a, 3);
    await harness.finish(b);
    expect(await take(feed, 2)).toEqual([`${a.id} 4`, `${b.id} 2`]);
    await harness.change(a);
    expect(await take(feed, 2)).toEqual([`${c.id} 3`, `${a.id} 5`]);
    expect(await isPending(feed.next())).toBe(true);
  });

  it('fails when more jobs wait than it can hold, and unsubscribes', async () => {
    await using harness = new WatchHarness();
    const feed = await watchOwner(harness.store, 'ada');
    for (let i = 0; i < MAX_WAITING_JOBS; i += 1) await harness.create();
    expect(harness.store.listenerCount).toBe(1);
    await harness.create();
    expect(harness.store.listenerCount).toBe(0);
    await expect(feed.next()).rejects.toThrow(SlowSubscriberError);
    expect(await feed.next()).toEqual(DONE);
  });

  it('holds the documented number of jobs, even if they change often', async () => {
    await using harness = new WatchHarness();
    const feed = await watchOwner(harness.store, 'ada');
    const jobs: Job[] = [];
    for (let i = 0; i < MAX_WAITING_JOBS; i += 1) jobs.push(await harness.create());
    for (const job of jobs) await harness.change(job);
    expect(await take(feed, MAX_WAITING_JOBS)).toEqual(jobs.map(({ id }) => `${id} 2`));
    await harness.create();
    expect((await feed.next()).value?.version).toBe(1);
  });

  it('has an error for a slow subscriber that says what to do', () => {
    expect(new SlowSubscriberError().message).toContain('Subscribe again, then read videoJobs.');
  });

  it('delivers changes that are published while it subscribes', async () => {
    await using harness = new WatchHarness();
    let job: Job | undefined;
    const store = overrideStore(harness.store, {
      subscribe: async (topic, listener) => {
        const unsubscribe = await harness.store.subscribe(topic, listener);
        job = await harness.create();
        return unsubscribe;
      },
    });
    const feed = await watchOwner(store, 'ada');
    expect((await feed.next()).value).toEqual(job);
  });

  it('unsubscribes at once when the subscriber leaves while nothing happens, also a thousand times', async () => {
    await using harness = new WatchHarness();
    const feeds = await Promise.all(Array.from({ length: 1000 }, () => watchOwner(harness.store, 'ada')));
    const reads = feeds.map((feed) => feed.next());
    expect(harness.store.listenerCount).toBe(1000);
    for (const feed of feeds) await feed.return?.();
    expect(harness.store.listenerCount).toBe(0);
    expect((await Promise.all(reads)).every((result) => result.done)).toBe(true);
  });
});

/** The next changes as `id version`. */
async function take(feed: AsyncIterator<Job>, count: number): Promise<string[]> {
  const taken: string[] = [];
  for (let i = 0; i < count; i += 1) {
    const { value } = await feed.next();
    taken.push(`${value?.id} ${value?.version}`);
  }
  return taken;
}

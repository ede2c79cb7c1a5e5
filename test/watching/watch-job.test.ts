import { describe, expect, it } from 'vitest';
import type { Job } from '../../src/domain/job/job.ts';
import type { JobStore } from '../../src/store/job-store.ts';
import { type SeenVersions, watchJob } from '../../src/watching/watched-jobs.ts';
import { present } from '../contract/job-store-cases/opened-store.ts';
import { jobId } from '../support/jobs.ts';
import { overrideStore } from '../support/override-store.ts';
import { NOON } from '../support/times.ts';
import { isPending, versionsOf, WatchHarness } from './watch-harness.ts';

const DONE = { done: true, value: undefined };
const NOTHING_SEEN: SeenVersions = { sinceVersion: 0, lastEventId: null };

describe('the watch of one job', () => {
  it('starts with the current state, continues version by version, and ends after the final one', async () => {
    await using harness = new WatchHarness();
    const job = await harness.create();
    const second = await harness.change(job);
    const feed = await watch(harness.store, job);
    expect(await feed.next()).toEqual({ done: false, value: second });
    const read = feed.next();
    expect(await isPending(read)).toBe(true);
    const third = await harness.change(job);
    expect(await read).toEqual({ done: false, value: third });
    const last = await harness.finish(job);
    expect(await feed.next()).toEqual({ done: false, value: last });
    expect(await feed.next()).toEqual(DONE);
    expect(harness.store.listenerCount).toBe(0);
  });

  it('gives a final job once and ends', async () => {
    await using harness = new WatchHarness();
    const job = await harness.create();
    const last = await harness.finish(job);
    const feed = await watch(harness.store, job);
    expect(harness.store.listenerCount).toBe(0);
    expect(await feed.next()).toEqual({ done: false, value: last });
    expect(await feed.next()).toEqual(DONE);
  });

  it('ends a pending read when the job ends', async () => {
    await using harness = new WatchHarness();
    const job = await harness.create();
    const feed = await watch(harness.store, job);
    const reads = [feed.next(), feed.next(), feed.next()];
    await harness.finish(job);
    expect((await Promise.all(reads)).map((result) => result.value?.version)).toEqual([1, 2, undefined]);
  });

  it('lets a slow reader skip versions, but never the last', async () => {
    await using harness = new WatchHarness();
    const job = await harness.create();
    const feed = await watch(harness.store, job);
    await harness.change(job, 5);
    expect((await feed.next()).value).toMatchObject({ version: 6 });
    await harness.change(job, 5);
    await harness.finish(job);
    expect(await versionsOf(feed)).toEqual([12]);
  });

  it('delivers everything to a fast reader', async () => {
    await using harness = new WatchHarness();
    const job = await harness.create();
    const reading = versionsOf(await watch(harness.store, job));
    for (let i = 0; i < 20; i += 1) {
      await harness.change(job);
      await isPending(reading);
    }
    await harness.finish(job);
    expect(await reading).toEqual(Array.from({ length: 22 }, (_, index) => index + 1));
  });

  it('loses no change between subscribing and reading, and delivers nothing twice', async () => {
    for (const ending of ['change', 'finish'] as const) {
      await using harness = new WatchHarness();
      const job = await harness.create();
      // Before the snapshot is read, and after it was read but before it is known.
      const before = overrideStore(harness.store, {
        getMany: async (ids) => {
          await harness.change(job);
          return harness.store.getMany(ids);
        },
      });
      expect((await (await watch(before, job)).next()).value?.version).toBe(2);
      const after = overrideStore(harness.store, {
        getMany: async (ids) => {
          const snapshot = await harness.store.getMany(ids);
          await harness[ending](job);
          return snapshot;
        },
      });
      const feed = await watch(after, job);
      expect((await feed.next()).value?.version).toBe(3);
      const read = feed.next();
      if (ending === 'change') await harness.finish(job);
      expect((await read).value?.version).toBe(ending === 'change' ? 4 : undefined);
    }
  });

  it('subscribes before it reads', async () => {
    await using harness = new WatchHarness();
    const job = await harness.create();
    const steps: string[] = [];
    const store = overrideStore(harness.store, {
      subscribe: async (topic, listener) => {
        const unsubscribe = await harness.store.subscribe(topic, listener);
        steps.push('listens');
        return unsubscribe;
      },
      getMany: (ids) => {
        steps.push('reads');
        return harness.store.getMany(ids);
      },
    });
    await watch(store, job);
    expect(steps).toEqual(['listens', 'reads']);
  });

  it('ends for a job that became final while it subscribed, and leaves no listener', async () => {
    await using harness = new WatchHarness();
    const job = await harness.create();
    const store = overrideStore(harness.store, {
      subscribe: async (topic, listener) => {
        const unsubscribe = await harness.store.subscribe(topic, listener);
        // The final version arrives before `subscribe` has returned.
        await harness.finish(job);
        return unsubscribe;
      },
    });
    const feed = await watch(store, job);
    expect(harness.store.listenerCount).toBe(0);
    expect(await versionsOf(feed)).toEqual([2]);
  });

  it('skips versions up to the one that the caller has', async () => {
    await using harness = new WatchHarness();
    const job = await harness.create();
    await harness.change(job, 2);
    const knowing = await watch(harness.store, job, 3);
    const behind = await watch(harness.store, job, 2);
    const ahead = await watch(harness.store, job, 4);
    expect((await behind.next()).value).toMatchObject({ version: 3 });
    const [read, other] = [knowing.next(), ahead.next()];
    expect(await isPending(read)).toBe(true);
    await harness.change(job);
    expect((await read).value).toMatchObject({ version: 4 });
    expect(await isPending(other)).toBe(true);
    await harness.change(job);
    expect((await other).value).toMatchObject({ version: 5 });
  });

  it('delivers the final version also to a caller that has it, or claims a later one', async () => {
    await using harness = new WatchHarness();
    const job = await harness.create();
    const early = await watch(harness.store, job, 1000);
    await harness.change(job);
    await harness.finish(job);
    expect(await versionsOf(early)).toEqual([3]);
    for (const sinceVersion of [3, 1000]) {
      expect(await versionsOf(await watch(harness.store, job, sinceVersion))).toEqual([3]);
    }
  });

  it('delivers nothing of a final job to a caller that has received its final version', async () => {
    await using harness = new WatchHarness();
    const job = await harness.create();
    await harness.change(job);
    const open = await watch(harness.store, job, 0, 1);
    await harness.finish(job);
    expect(await versionsOf(open)).toEqual([3]);
    expect(await versionsOf(await watch(harness.store, job, 0, 3))).toEqual([]);
    for (const lastEventId of [2, 4]) {
      expect(await versionsOf(await watch(harness.store, job, 0, lastEventId))).toEqual([3]);
    }
    expect(harness.store.listenerCount).toBe(0);
  });

  it("is null for an unknown job and for another owner's, and leaves no listener", async () => {
    await using harness = new WatchHarness();
    const job = await harness.create();
    expect(
      await watchJob({ store: harness.store, cache: harness.store.cache }, 'bob', job.id, NOTHING_SEEN),
    ).toBeNull();
    expect(
      await watchJob({ store: harness.store, cache: harness.store.cache }, 'ada', jobId(NOON), NOTHING_SEEN),
    ).toBeNull();
    await harness.finish(job);
    expect(
      await watchJob({ store: harness.store, cache: harness.store.cache }, 'bob', job.id, NOTHING_SEEN),
    ).toBeNull();
    expect(harness.store.listenerCount).toBe(0);
  });

  it('leaves no listener when the store fails to read or to subscribe', async () => {
    await using harness = new WatchHarness();
    const job = await harness.create();
    const unreadable = overrideStore(harness.store, { getMany: gone });
    await expect(watch(unreadable, job)).rejects.toThrow('gone');
    await expect(watch(overrideStore(harness.store, { subscribe: gone }), job)).rejects.toThrow('gone');
    expect(harness.store.listenerCount).toBe(0);
  });

  it('unsubscribes at once when the subscriber leaves while nothing happens', async () => {
    await using harness = new WatchHarness();
    const job = await harness.create();
    const feed = await watch(harness.store, job);
    await feed.next();
    const read = feed.next();
    expect(harness.store.listenerCount).toBe(1);
    expect(await feed.return?.()).toEqual(DONE);
    expect(harness.store.listenerCount).toBe(0);
    expect(await read).toEqual(DONE);
    await harness.change(job);
    expect(await feed.next()).toEqual(DONE);
  });

  it('leaves nothing behind after a thousand watchers that left in different ways', async () => {
    await using harness = new WatchHarness();
    const job = await harness.create();
    const feeds = await Promise.all(Array.from({ length: 1000 }, () => watch(harness.store, job)));
    expect(harness.store.listenerCount).toBe(1000);
    for (const [index, feed] of feeds.entries()) {
      if (index % 3 === 1) await feed.next();
      if (index % 3 === 2) void feed.next();
    }
    // Two thirds leave, the rest stays to the end of the job.
    for (const [index, feed] of feeds.entries()) if (index % 3 !== 0) await feed.return?.();
    expect(harness.store.listenerCount).toBe(334);
    await harness.finish(job);
    expect(harness.store.listenerCount).toBe(0);
    const rest = feeds.filter((_, index) => index % 3 === 0);
    const versions = await Promise.all(rest.map((feed) => versionsOf(feed)));
    expect(versions.every((seen) => seen.join() === '2')).toBe(true);
  });

  it('is not affected when another watcher of the same job leaves', async () => {
    await using harness = new WatchHarness();
    const job = await harness.create();
    const [leaving, staying] = [await watch(harness.store, job), await watch(harness.store, job)];
    await staying.next();
    const read = staying.next();
    await leaving.return?.();
    await harness.change(job);
    expect((await read).value).toMatchObject({ version: 2 });
  });
});

/** Ada's watch of a job, which must exist. */
async function watch(
  store: JobStore,
  job: Job,
  sinceVersion = 0,
  lastEventId: number | null = null,
): Promise<AsyncIterableIterator<Job>> {
  return present(await watchJob({ store, cache: null }, 'ada', job.id, { sinceVersion, lastEventId }));
}

function gone(): Promise<never> {
  return Promise.reject(new Error('gone'));
}

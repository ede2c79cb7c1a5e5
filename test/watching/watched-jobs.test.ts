import { describe, expect, it } from 'vitest';
import type { Job } from '../../src/domain/job/job.ts';
import type { JobStore } from '../../src/store/job-store.ts';
import { WatchedJobs } from '../../src/watching/watched-jobs.ts';
import { present } from '../contract/job-store-cases/opened-store.ts';
import { openSqlite } from '../store/sqlite/open-sqlite.ts';
import { listening } from '../support/events.ts';
import { FakeClock, settled } from '../support/fake-clock.ts';
import { acceptedJob, nextVersion, record } from '../support/jobs.ts';
import { overrideStore } from '../support/override-store.ts';
import { MINUTE, SECOND } from '../support/times.ts';

const LOST = new Error('The job is gone.');

/** Watches over a store that can lose jobs, be unavailable, and fail to publish. */
class Harness implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly #opened = openSqlite({ now: this.clock.now });
  readonly lost = new Set<string>();
  /** Versions that were stored and never published. */
  readonly unpublished = new Map<string, Job>();
  isUnavailable = false;
  reads = 0;
  readonly store: JobStore = overrideStore(this.#opened.store, {
    getMany: async (ids) => {
      this.reads += 1;
      if (this.isUnavailable) throw new Error('The store is unavailable.');
      const jobs = await this.#opened.store.getMany(ids);
      return jobs.map((job) => {
        if (job === null || this.lost.has(job.id)) return null;
        return this.unpublished.get(job.id) ?? job;
      });
    },
  });
  /** The ids of each fault. */
  readonly reported: unknown[] = [];
  readonly watched = new WatchedJobs({
    store: this.store,
    cache: null,
    clock: this.clock,
    events: listening('fault', ({ details }) => this.reported.push(details['jobIds'])),
  });

  async watch() {
    const job = acceptedJob({ createdAt: this.clock.now() });
    await this.store.create(record(job));
    const feed = present(
      await this.watched.watch('ada', job.id, { sinceVersion: 0, lastEventId: null }, () => LOST),
    );
    await feed.next();
    return { job, feed };
  }

  async [Symbol.asyncDispose]() {
    this.watched[Symbol.dispose]();
    await this.#opened[Symbol.asyncDispose]();
  }
}

describe('a watched job', () => {
  it('ends with an error within ten seconds when the store has lost it, and others continue', async () => {
    await using harness = new Harness();
    const [gone, kept] = [await harness.watch(), await harness.watch()];
    const end = gone.feed.next().catch((error: unknown) => error);
    let isOver = false;
    void kept.feed.next().then(() => (isOver = true));
    harness.lost.add(gone.job.id);
    await harness.clock.advance(10 * SECOND);
    expect(await end).toBe(LOST);
    await harness.clock.advance(MINUTE);
    expect(isOver).toBe(false);
    expect(harness.reported).toEqual([[gone.job.id]]);
  });

  it('does not end while the store is unavailable', async () => {
    await using harness = new Harness();
    const { job, feed } = await harness.watch();
    harness.isUnavailable = true;
    await harness.clock.advance(MINUTE);
    harness.isUnavailable = false;
    harness.lost.add(job.id);
    const end = feed.next().catch((error: unknown) => error);
    await harness.clock.advance(10 * SECOND);
    expect(await end).toBe(LOST);
  });

  it('delivers a version that was never published', async () => {
    await using harness = new Harness();
    const { job, feed } = await harness.watch();
    const next = nextVersion(job, { phase: 'submitting' });
    harness.unpublished.set(job.id, next);
    const value = feed.next();
    await harness.clock.advance(10 * SECOND);
    expect((await value).value).toEqual(next);
  });

  it('is not read any more without watchers, and leaves no timer', async () => {
    await using harness = new Harness();
    const { feed } = await harness.watch();
    await feed.return();
    await settled();
    expect(harness.clock.sleeping).toBe(0);
    const { reads } = harness;
    await harness.clock.advance(MINUTE);
    expect(harness.reads).toBe(reads);
    // And again, with the first check still ending.
    const again = await harness.watch();
    harness.lost.add(again.job.id);
    const end = again.feed.next().catch((error: unknown) => error);
    await harness.clock.advance(10 * SECOND);
    expect(await end).toBe(LOST);
  });
});

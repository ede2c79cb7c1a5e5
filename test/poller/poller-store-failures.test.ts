import { describe, expect, it } from 'vitest';
import { type JobStore, StoreUnavailableError } from '../../src/store/job-store.ts';
import { overrideStore } from '../support/override-store.ts';
import { MINUTE, NOON, SECOND } from '../support/times.ts';
import { PollerBench } from './poller-bench.ts';
import { LEASE_MS, running } from './step-bench.ts';

describe('a poller whose store fails', () => {
  it.each(['leaseDue', 'nextDueAt'] as const)(
    'survives failures of %s, and logs them with growing pauses',
    async (method) => {
      const faulty = new Faulty();
      await using bench = new PollerBench({ wrap: (store) => faulty.wrap(store) });
      faulty.method = method;
      // Without a due job no lease is tried.
      await bench.accept(1);
      await bench.poller.start();
      await bench.clock.advance(MINUTE);
      const retries = failures(bench);
      expect(retries.length).toBeGreaterThanOrEqual(10);
      expect(retries.length).toBeLessThanOrEqual(25);
      expect(retries[0]).toMatchObject({ details: { err: expect.any(StoreUnavailableError) } });
      faulty.method = null;
      expect(bench.upstream.calls).toEqual([]);
      await bench.clock.advance(MINUTE);
      expect(bench.upstream.types).toContain('submit');
      const recovered = failures(bench).length;
      expect(recovered).toBeLessThanOrEqual(retries.length + 1);
      // After a success the pauses restart short.
      faulty.method = method;
      await bench.clock.advance(MINUTE);
      const [again] = failures(bench).slice(recovered);
      expect(again?.details).toMatchObject({ retryInMs: expect.toSatisfy((ms) => ms <= SECOND) });
    },
  );

  it('does not read the store more often for new work while the store fails', async () => {
    const faulty = new Faulty();
    await using bench = new PollerBench({ wrap: (store) => faulty.wrap(store) });
    faulty.method = 'leaseDue';
    await bench.poller.start();
    await bench.clock.advance(10 * SECOND);
    const before = bench.leases;
    await bench.accept(20);
    expect(bench.leases - before).toBeLessThanOrEqual(20);
  });

  it('makes no call before the mark is stored, and makes it as soon as it is', async () => {
    const faulty = new Faulty();
    await using bench = new PollerBench({ wrap: (store) => faulty.wrap(store) });
    faulty.method = 'save';
    await bench.poller.start();
    await bench.accept(1);
    await bench.clock.advance(20 * SECOND);
    expect(bench.upstream.calls).toEqual([]);
    faulty.method = null;
    await bench.clock.advance(LEASE_MS - 20 * SECOND - 1);
    expect(bench.upstream.types[0]).toBe('submit');
    expect(bench.upstream.types.filter((type) => type === 'submit')).toHaveLength(1);
    expect(bench.errors()).toEqual([]);
  });

  it('waits with the call until the mark is stored, beyond its lease', async () => {
    const faulty = new Faulty();
    await using bench = new PollerBench({ wrap: (store) => faulty.wrap(store) });
    faulty.method = 'save';
    await bench.poller.start();
    await bench.accept(1);
    await bench.clock.advance(5 * LEASE_MS);
    expect(bench.upstream.calls).toEqual([]);
    expect(faulty.refused).toBeLessThan(80);
    faulty.method = null;
    await bench.clock.advance(5 * SECOND);
    expect(bench.upstream.types.filter((type) => type === 'submit')).toHaveLength(1);
    expect(bench.errors()).toEqual([]);
  });

  it('stores the answer to a paid call as soon as the store is available, and makes no second call', async () => {
    const faulty = new Faulty();
    await using bench = new PollerBench({
      wrap: (store) => faulty.wrap(store),
      script: {
        submit: () => {
          // The store refuses writes from the call on.
          faulty.method = 'save';
          return { type: 'accepted', upstreamId: 'up-paid' };
        },
      },
    });
    await bench.poller.start();
    const jobs = await bench.accept(1);
    // Far longer than its lease.
    await bench.clock.advance(20 * MINUTE);
    expect(await bench.stored(jobs)).toMatchObject([{ phase: 'submitting', upstreamId: null }]);
    faulty.method = null;
    await bench.clock.advance(5 * SECOND);
    expect(await bench.stored(jobs)).toMatchObject([{ upstreamId: 'up-paid' }]);
    expect(bench.upstream.types.filter((type) => type === 'submit')).toHaveLength(1);
    expect(faulty.refused).toBeLessThan(300);
  });

  it('accepts a repeated save whose first try was stored', async () => {
    // Like a shared store when only its answer was lost: it recognizes the repeated change.
    let saves = 0;
    await using bench = new PollerBench({
      wrap: (store) =>
        overrideStore(store, {
          save: async (lease, change) => {
            saves += 1;
            if (saves % 2 === 0) return 'saved';
            await store.save(lease, change);
            throw new StoreUnavailableError('the answer was lost');
          },
        }),
    });
    await bench.poller.start();
    const jobs = await bench.accept(1);
    await bench.clock.advance(5 * SECOND);
    expect(await bench.stored(jobs)).toMatchObject([{ phase: 'queued', version: 3 }]);
    expect(bench.upstream.types.filter((type) => type === 'submit')).toHaveLength(1);
    expect(bench.log.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  });

  it('releases a job as soon as the store is available, and polls it when it is due', async () => {
    const faulty = new Faulty();
    await using bench = new PollerBench({ wrap: (store) => faulty.wrap(store) });
    faulty.method = 'release';
    await bench.accept(1, running('queued', NOON));
    await bench.poller.start();
    await bench.clock.advance(10 * SECOND);
    expect(bench.upstream.types).toEqual(['status']);
    faulty.method = null;
    await bench.clock.advance(30 * SECOND);
    expect(bench.upstream.types.length).toBeGreaterThan(1);
    expect(bench.errors()).toEqual([]);
  });

  it('leases no job with a step in progress, even after its lease', async () => {
    const faulty = new Faulty();
    await using bench = new PollerBench({ wrap: (store) => faulty.wrap(store) });
    faulty.method = 'release';
    await bench.accept(1, running('queued', NOON));
    await bench.poller.start();
    await bench.clock.advance(5 * LEASE_MS);
    expect(bench.upstream.types).toEqual(['status']);
    faulty.method = null;
    await bench.clock.advance(5 * SECOND);
    expect(bench.upstream.types.length).toBeGreaterThan(1);
  });

  it('does not spin when other pollers lease the due jobs first', async () => {
    await using bench = new PollerBench({
      wrap: (store) => overrideStore(store, { leaseDue: async () => [] }),
    });
    await bench.accept(1);
    await bench.poller.start();
    await bench.clock.advance(10 * SECOND);
    expect(bench.leases).toBeGreaterThan(1);
    expect(bench.leases).toBeLessThanOrEqual(10 * 20 + 1);
  });

  it('returns calls to the budget for jobs that it could not lease', async () => {
    await using bench = new PollerBench({
      rpm: 10,
      wrap: (store) => overrideStore(store, { leaseDue: async () => [] }),
    });
    await bench.accept(1);
    await bench.poller.start();
    await bench.clock.advance(5 * SECOND);
    // If the one call was not returned, the poller would read once a second.
    expect(bench.leases).toBeGreaterThan(90);
  });

  it('survives an upstream adapter that throws', async () => {
    await using bench = new PollerBench({
      script: {
        submit: () => {
          throw new Error('a bug');
        },
      },
    });
    await bench.poller.start();
    const jobs = await bench.accept(1);
    expect(bench.errors()).toHaveLength(1);
    // Another poller may have the answer, so it gets some time.
    await bench.clock.advance(LEASE_MS + 30 * SECOND);
    expect((await bench.stored(jobs))[0]?.failure?.code).toBe('SUBMISSION_UNKNOWN');
    expect(bench.upstream.types).toEqual(['submit']);
  });
});

/** Lets one method of a store fail for a while. */
class Faulty {
  method: 'leaseDue' | 'nextDueAt' | 'save' | 'release' | null = null;
  /** How many calls failed. */
  refused = 0;

  wrap(store: JobStore): JobStore {
    const guard = async (method: Faulty['method']) => {
      if (this.method !== method) return;
      this.refused += 1;
      throw new StoreUnavailableError('gone');
    };
    return overrideStore(store, {
      leaseDue: (query) => guard('leaseDue').then(() => store.leaseDue(query)),
      nextDueAt: () => guard('nextDueAt').then(() => store.nextDueAt()),
      save: (lease, change) => guard('save').then(() => store.save(lease, change)),
      release: (leased, schedule) => guard('release').then(() => store.release(leased, schedule)),
    });
  }
}

/** The failures of the store that the poller logged, without the lines that only count them. */
function failures({ log }: PollerBench) {
  return log.filter(
    ({ message, details }) => message.startsWith('the store failed') && !('repeated' in details),
  );
}

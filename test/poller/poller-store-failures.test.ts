import { describe, expect, it } from 'vitest';
import { type JobStore, StoreUnavailableError } from '../../src/store/job-store.ts';
import { overrideStore } from '../support/override-store.ts';
import { MINUTE, NOON, SECOND } from '../support/times.ts';
import { PollerHarness } from './poller-harness.ts';
import { LEASE_MS, running } from './step-harness.ts';

describe('a poller whose store fails', () => {
  it.each(['leaseDue', 'nextDueAt'] as const)(
    'survives failures of %s, and logs them with growing pauses',
    async (method) => {
      const faulty = new Faulty();
      await using harness = new PollerHarness({ wrap: (store) => faulty.wrap(store) });
      faulty.method = method;
      // Without a due job no lease is tried.
      await harness.accept(1);
      await harness.poller.start();
      await harness.clock.advance(MINUTE);
      const retries = failures(harness);
      expect(retries.length).toBeGreaterThanOrEqual(10);
      expect(retries.length).toBeLessThanOrEqual(25);
      expect(retries[0]).toMatchObject({ details: { err: expect.any(StoreUnavailableError) } });
      faulty.method = null;
      expect(harness.upstream.calls).toEqual([]);
      await harness.clock.advance(MINUTE);
      expect(harness.upstream.types).toContain('submit');
      const recovered = failures(harness).length;
      expect(recovered).toBeLessThanOrEqual(retries.length + 1);
      // After a success the pauses restart short.
      faulty.method = method;
      await harness.clock.advance(MINUTE);
      const [again] = failures(harness).slice(recovered);
      expect(again?.details).toMatchObject({ retryInMs: expect.toSatisfy((ms) => ms <= SECOND) });
    },
  );

  it('returns the calls that it had reserved', async () => {
    const faulty = new Faulty();
    // One call each twelve seconds.
    await using harness = new PollerHarness({ rpm: 5, wrap: (store) => faulty.wrap(store) });
    faulty.method = 'leaseDue';
    await harness.accept(1);
    await harness.poller.start();
    await harness.clock.advance(50 * SECOND);
    faulty.method = null;
    await harness.clock.advance(5 * SECOND);
    expect(harness.upstream.types).toEqual(['submit']);
  });

  it('leases jobs for the whole time, although the store answers slowly', async () => {
    let leasedFor = 0;
    await using harness: PollerHarness = new PollerHarness({
      wrap: (store) =>
        overrideStore(store, {
          nextDueAt: async () => {
            harness.clock.jump(20 * SECOND);
            return store.nextDueAt();
          },
          leaseDue: (query) => {
            leasedFor = query.leaseUntil - harness.clock.now();
            return store.leaseDue(query);
          },
        }),
    });
    await harness.accept(1);
    await harness.poller.start();
    await harness.clock.advance(0);
    expect(leasedFor).toBe(LEASE_MS);
  });

  it('does not read the store more often for new work while the store fails', async () => {
    const faulty = new Faulty();
    await using harness = new PollerHarness({ wrap: (store) => faulty.wrap(store) });
    faulty.method = 'leaseDue';
    await harness.poller.start();
    await harness.clock.advance(10 * SECOND);
    const before = harness.leases;
    await harness.accept(20);
    expect(harness.leases - before).toBeLessThanOrEqual(20);
  });

  it('makes no call before the mark is stored, and makes it as soon as it is', async () => {
    const faulty = new Faulty();
    await using harness = new PollerHarness({ wrap: (store) => faulty.wrap(store) });
    faulty.method = 'save';
    await harness.poller.start();
    await harness.accept(1);
    await harness.clock.advance(20 * SECOND);
    expect(harness.upstream.calls).toEqual([]);
    faulty.method = null;
    await harness.clock.advance(LEASE_MS - 20 * SECOND - 1);
    expect(harness.upstream.types[0]).toBe('submit');
    expect(harness.upstream.types.filter((type) => type === 'submit')).toHaveLength(1);
    expect(harness.errors()).toEqual([]);
  });

  it('waits with the call until the mark is stored, beyond its lease', async () => {
    const faulty = new Faulty();
    await using harness = new PollerHarness({ wrap: (store) => faulty.wrap(store) });
    faulty.method = 'save';
    await harness.poller.start();
    await harness.accept(1);
    await harness.clock.advance(5 * LEASE_MS);
    expect(harness.upstream.calls).toEqual([]);
    expect(faulty.refused).toBeLessThan(80);
    faulty.method = null;
    await harness.clock.advance(5 * SECOND);
    expect(harness.upstream.types.filter((type) => type === 'submit')).toHaveLength(1);
    expect(harness.errors()).toEqual([]);
  });

  it('stores the answer to a paid call as soon as the store is available, and makes no second call', async () => {
    const faulty = new Faulty();
    await using harness = new PollerHarness({
      wrap: (store) => faulty.wrap(store),
      script: {
        submit: () => {
          // The store refuses writes from the call on.
          faulty.method = 'save';
          return { type: 'accepted', upstreamId: 'up-paid' };
        },
      },
    });
    await harness.poller.start();
    const jobs = await harness.accept(1);
    // Far longer than its lease.
    await harness.clock.advance(20 * MINUTE);
    expect(await harness.stored(jobs)).toMatchObject([{ phase: 'submitting', upstreamId: null }]);
    expect(failures(harness)[0]).toMatchObject({ level: 'warn', details: { jobId: jobs[0]?.id } });
    faulty.method = null;
    await harness.clock.advance(5 * SECOND);
    expect(await harness.stored(jobs)).toMatchObject([{ upstreamId: 'up-paid' }]);
    expect(harness.upstream.types.filter((type) => type === 'submit')).toHaveLength(1);
    expect(faulty.refused).toBeLessThan(300);
  });

  it('accepts a repeated save whose first try was stored', async () => {
    // Like a shared store when only its answer was lost: it recognizes the repeated change.
    let saves = 0;
    await using harness = new PollerHarness({
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
    await harness.poller.start();
    const jobs = await harness.accept(1);
    await harness.clock.advance(5 * SECOND);
    expect(await harness.stored(jobs)).toMatchObject([{ phase: 'queued', version: 3 }]);
    expect(harness.upstream.types.filter((type) => type === 'submit')).toHaveLength(1);
    expect(harness.log.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  });

  it('releases a job as soon as the store is available, and polls it when it is due', async () => {
    const faulty = new Faulty();
    await using harness = new PollerHarness({ wrap: (store) => faulty.wrap(store) });
    faulty.method = 'release';
    await harness.accept(1, running('queued', NOON));
    await harness.poller.start();
    await harness.clock.advance(10 * SECOND);
    expect(harness.upstream.types).toEqual(['status']);
    faulty.method = null;
    await harness.clock.advance(30 * SECOND);
    expect(harness.upstream.types.length).toBeGreaterThan(1);
    expect(harness.errors()).toEqual([]);
  });

  it('leases no job with a step in progress, even after its lease', async () => {
    const faulty = new Faulty();
    await using harness = new PollerHarness({ wrap: (store) => faulty.wrap(store) });
    faulty.method = 'release';
    await harness.accept(1, running('queued', NOON));
    await harness.poller.start();
    await harness.clock.advance(5 * LEASE_MS);
    expect(harness.upstream.types).toEqual(['status']);
    faulty.method = null;
    await harness.clock.advance(5 * SECOND);
    expect(harness.upstream.types.length).toBeGreaterThan(1);
  });

  it('does not spin when other pollers lease the due jobs first', async () => {
    await using harness = new PollerHarness({
      wrap: (store) => overrideStore(store, { leaseDue: async () => [] }),
    });
    await harness.accept(1);
    await harness.poller.start();
    await harness.clock.advance(10 * SECOND);
    expect(harness.leases).toBeGreaterThan(1);
    expect(harness.leases).toBeLessThanOrEqual(10 * 20 + 1);
  });

  it('returns calls to the budget for jobs that it could not lease', async () => {
    await using harness = new PollerHarness({
      rpm: 10,
      wrap: (store) => overrideStore(store, { leaseDue: async () => [] }),
    });
    await harness.accept(1);
    await harness.poller.start();
    await harness.clock.advance(5 * SECOND);
    // If the one call was not returned, the poller would read once a second.
    expect(harness.leases).toBeGreaterThan(90);
  });

  it('survives an upstream adapter that throws', async () => {
    await using harness = new PollerHarness({
      script: {
        submit: () => {
          throw new Error('a bug');
        },
      },
    });
    await harness.poller.start();
    const jobs = await harness.accept(1);
    expect(harness.errors()).toHaveLength(1);
    // Another poller may have the answer, so it gets some time.
    await harness.clock.advance(LEASE_MS + 30 * SECOND);
    expect((await harness.stored(jobs))[0]?.failure?.code).toBe('SUBMISSION_UNKNOWN');
    expect(harness.upstream.types).toEqual(['submit']);
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
function failures({ log }: PollerHarness) {
  return log.filter(
    ({ message, details }) => message.startsWith('the store failed') && !('repeated' in details),
  );
}

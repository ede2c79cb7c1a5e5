import { describe, expect, it } from 'vitest';
import { type JobStore, StoreUnavailableError } from '../../src/store/job-store.ts';
import { settled } from '../support/fake-clock.ts';
import { overrideStore } from '../support/override-store.ts';
import { MINUTE, NOON, SECOND } from '../support/times.ts';
import { PollerBench } from './poller-bench.ts';
import { LEASE_MS, running } from './step-bench.ts';

describe('a poller whose store fails', () => {
  it.each(['claimDue', 'nextDueAt'] as const)(
    'survives and logs failures of %s, ever less often',
    async (method) => {
      const faulty = new Faulty();
      await using bench = new PollerBench({ wrap: (store) => faulty.wrap(store) });
      faulty.method = method;
      await bench.poller.start();
      await bench.clock.advance(MINUTE);
      const retries = bench.errors();
      expect(retries.length).toBeGreaterThanOrEqual(5);
      expect(retries.length).toBeLessThanOrEqual(10);
      expect(retries[0]).toMatchObject({ details: { err: expect.any(StoreUnavailableError) } });
      faulty.method = null;
      await bench.accept(1);
      await bench.clock.advance(MINUTE);
      expect(bench.upstream.types).toContain('submit');
      const recovered = bench.errors().length;
      expect(recovered).toBeLessThanOrEqual(retries.length + 1);
      // The next time it starts anew with short pauses.
      faulty.method = method;
      await bench.clock.advance(MINUTE);
      const [again] = bench.errors().slice(recovered);
      expect(again?.details).toMatchObject({ retryInMs: expect.toSatisfy((ms) => ms <= SECOND) });
    },
  );

  it('does not look more often because new work comes in, when the store is gone', async () => {
    const faulty = new Faulty();
    await using bench = new PollerBench({ wrap: (store) => faulty.wrap(store) });
    faulty.method = 'claimDue';
    await bench.poller.start();
    await bench.clock.advance(10 * SECOND);
    const before = bench.claims;
    await bench.accept(20);
    expect(bench.claims - before).toBeLessThanOrEqual(20);
  });

  it('makes no call when the mark before it can not be stored, and tries again after the lease', async () => {
    const faulty = new Faulty();
    await using bench = new PollerBench({ wrap: (store) => faulty.wrap(store) });
    faulty.method = 'save';
    await bench.poller.start();
    const jobs = await bench.accept(1);
    expect(bench.upstream.calls).toEqual([]);
    expect(bench.errors()).toMatchObject([{ details: { jobId: jobs[0]?.id } }]);
    faulty.method = null;
    await bench.clock.advance(LEASE_MS - 1);
    expect(bench.upstream.calls).toEqual([]);
    await bench.clock.advance(1);
    expect(bench.upstream.types).toEqual(['submit']);
  });

  it('polls again after the lease when the job could not be given back', async () => {
    const faulty = new Faulty();
    await using bench = new PollerBench({ wrap: (store) => faulty.wrap(store) });
    faulty.method = 'release';
    await bench.accept(1, running('queued', NOON));
    await bench.poller.start();
    await settled();
    expect(bench.upstream.types).toEqual(['status']);
    faulty.method = null;
    await bench.clock.advance(LEASE_MS);
    expect(bench.upstream.types).toEqual(['status', 'status']);
  });

  it('survives an upstream that breaks its promise not to throw', async () => {
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
    await bench.clock.advance(LEASE_MS);
    expect((await bench.stored(jobs))[0]?.failure?.code).toBe('SUBMISSION_UNKNOWN');
    expect(bench.upstream.types).toEqual(['submit']);
  });
});

/** Lets one method of a store fail for a while. */
class Faulty {
  method: 'claimDue' | 'nextDueAt' | 'save' | 'release' | null = null;

  wrap(store: JobStore): JobStore {
    const guard = async (method: Faulty['method']) => {
      if (this.method === method) throw new StoreUnavailableError('gone');
    };
    return overrideStore(store, {
      claimDue: (query) => guard('claimDue').then(() => store.claimDue(query)),
      nextDueAt: () => guard('nextDueAt').then(() => store.nextDueAt()),
      save: (claim, change) => guard('save').then(() => store.save(claim, change)),
      release: (claim, schedule) => guard('release').then(() => store.release(claim, schedule)),
    });
  }
}

import { describe, expect, it } from 'vitest';
import type { JobStore } from '../../src/store/job-store.ts';
import type { SubmitOutcome } from '../../src/providers/video-upstream.ts';
import { settled } from '../support/fake-clock.ts';
import { cut, transientError } from '../support/upstream/fake-video-upstream.ts';
import { overrideStore } from '../support/override-store.ts';
import { HOUR, MINUTE, NOON, SECOND } from '../support/times.ts';
import { PollerBench, type PollerBenchOptions } from './poller-bench.ts';
import { LEASE_MS, running } from './step-bench.ts';

const GRACE_MS = 5 * SECOND;

describe('a poller that is stopped', () => {
  it('ends at once when nothing is in progress, and leaves no timer and no listener', async () => {
    await using bench = new PollerBench();
    await bench.poller.start();
    await bench.clock.advance(SECOND);
    expect(bench.store.listenerCount).toBe(1);
    await bench.poller.stop(GRACE_MS);
    expect(bench.clock.now()).toBe(NOON + SECOND);
    expect(bench.clock.sleeping).toBe(0);
    expect(bench.store.listenerCount).toBe(0);
  });

  it('waits for the step in progress and stores its result, without aborting it', async () => {
    const answer = Promise.withResolvers<SubmitOutcome>();
    await using bench = new PollerBench({ script: { submit: () => answer.promise } });
    await bench.poller.start();
    const jobs = await bench.accept(1);
    const stopped = endOf(bench.poller.stop(GRACE_MS));
    await bench.clock.advance(GRACE_MS - 1);
    expect(stopped.yet).toBe(false);
    answer.resolve({ type: 'accepted', upstreamId: 'up-0' });
    await settled();
    expect(stopped.yet).toBe(true);
    expect((await bench.stored(jobs))[0]).toMatchObject({ phase: 'queued', upstreamId: 'up-0' });
    expect(bench.clock.sleeping).toBe(0);
  });

  it('aborts calls after the grace period and stores the consequences for each job', async () => {
    await using bench = new PollerBench({
      script: {
        submit: async (_, options) => {
          await cut(options);
          return { type: 'unknown', message: 'cut short', apiAnswered: false, candidateId: null };
        },
        status: async (_, options) => {
          await cut(options);
          return { type: 'inconclusive', ...transientError() };
        },
      },
    });
    const polled = await bench.accept(1, running('processing', NOON));
    const sent = await bench.accept(1);
    await bench.poller.start();
    await settled();
    const stopped = endOf(bench.poller.stop(GRACE_MS));
    await bench.clock.advance(GRACE_MS - 1);
    expect(stopped.yet).toBe(false);
    expect(bench.upstream.calls.some(({ options }) => options.signal.aborted)).toBe(false);
    await bench.clock.advance(1);
    expect(stopped.yet).toBe(true);
    expect((await bench.stored(sent))[0]?.failure).toMatchObject({ code: 'SUBMISSION_UNKNOWN' });
    expect(await bench.stored(polled)).toEqual(polled);
    // The lease was released: the job is due long before the lease would have expired.
    expect(await bench.store.nextDueAt()).toBeLessThan(NOON + LEASE_MS / 2);
    expect(bench.clock.sleeping).toBe(0);
  });

  it('aborts calls at once when it is disposed without a grace period', async () => {
    await using bench = new PollerBench({
      script: {
        submit: async (_, options) => {
          await cut(options);
          return { type: 'not-created', ...transientError() };
        },
      },
    });
    await bench.poller.start();
    const jobs = await bench.accept(1);
    await bench.poller[Symbol.asyncDispose]();
    expect((await bench.stored(jobs))[0]).toMatchObject({ phase: 'accepted', version: 3 });
  });

  it('does nothing afterwards, even when jobs are due or created', async () => {
    let touched = 0;
    const wrap: PollerBenchOptions['wrap'] = (store) =>
      overrideStore(store, {
        nextDueAt: () => {
          touched += 1;
          return store.nextDueAt();
        },
      });
    await using bench = new PollerBench({ wrap });
    await bench.poller.start();
    await bench.accept(3);
    await bench.poller.stop(GRACE_MS);
    const before = { leases: bench.leases, calls: bench.upstream.calls.length, touched };
    await bench.accept(3);
    await bench.clock.advance(HOUR);
    expect({ leases: bench.leases, calls: bench.upstream.calls.length, touched }).toEqual(before);
    expect(bench.clock.sleeping).toBe(0);
  });

  it('ends at once while it waits for a failed store', async () => {
    await using bench = new PollerBench({ wrap: withoutLeases });
    await bench.poller.start();
    await bench.clock.advance(MINUTE);
    const { leases } = bench;
    await bench.poller.stop(GRACE_MS);
    expect(bench.leases).toBe(leases);
    expect(bench.clock.sleeping).toBe(0);
  });

  it('can be stopped twice, at once or later, and before it was started', async () => {
    await using bench = new PollerBench();
    const idle = bench.addPoller();
    await idle.stop(GRACE_MS);
    await idle.start();
    await bench.poller.start();
    await Promise.all([bench.poller.stop(GRACE_MS), bench.poller.stop(GRACE_MS)]);
    await bench.poller.stop(GRACE_MS);
    await bench.accept(1);
    expect(bench.upstream.calls).toEqual([]);
    expect(bench.store.listenerCount).toBe(0);
  });

  it('leaves no listener when it is stopped while it starts', async () => {
    await using bench = new PollerBench();
    const started = bench.poller.start();
    await bench.poller.stop(GRACE_MS);
    await started;
    expect(bench.store.listenerCount).toBe(0);
    await bench.accept(1);
    expect(bench.upstream.calls).toEqual([]);
  });
});

function withoutLeases(store: JobStore): JobStore {
  return overrideStore(store, { leaseDue: () => Promise.reject(new Error('gone')) });
}

/** Whether a promise has resolved. */
function endOf(promise: Promise<void>): { readonly yet: boolean } {
  const end = { yet: false };
  void promise.then(() => {
    end.yet = true;
  });
  return end;
}

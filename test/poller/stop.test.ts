import { describe, expect, it } from 'vitest';
import type { SubmitOutcome } from '../../src/providers/video-upstream.ts';
import type { JobStore } from '../../src/store/job-store.ts';
import { settled } from '../support/fake-clock.ts';
import { overrideStore } from '../support/override-store.ts';
import { HOUR, MINUTE, NOON, SECOND } from '../support/times.ts';
import { cut, transientError } from '../support/upstream/fake-video-upstream.ts';
import { PollerHarness, type PollerHarnessOptions } from './poller-harness.ts';
import { LEASE_MS, running } from './step-harness.ts';

const GRACE_MS = 5 * SECOND;

describe('a poller that is stopped', () => {
  it('ends at once when nothing is in progress, and leaves no timer and no listener', async () => {
    await using harness = new PollerHarness();
    await harness.poller.start();
    await harness.clock.advance(SECOND);
    expect(harness.store.listenerCount).toBe(1);
    await harness.poller.stop(GRACE_MS);
    expect(harness.clock.now()).toBe(NOON + SECOND);
    expect(harness.clock.sleeping).toBe(0);
    expect(harness.store.listenerCount).toBe(0);
  });

  it('waits for the step in progress and stores its result, without aborting it', async () => {
    const answer = Promise.withResolvers<SubmitOutcome>();
    await using harness = new PollerHarness({ script: { submit: () => answer.promise } });
    await harness.poller.start();
    const jobs = await harness.accept(1);
    const stopped = endOf(harness.poller.stop(GRACE_MS));
    await harness.clock.advance(GRACE_MS - 1);
    expect(stopped.yet).toBe(false);
    answer.resolve({ type: 'accepted', upstreamId: 'up-0' });
    await settled();
    expect(stopped.yet).toBe(true);
    expect((await harness.stored(jobs))[0]).toMatchObject({ phase: 'queued', upstreamId: 'up-0' });
    expect(harness.clock.sleeping).toBe(0);
  });

  it('aborts calls after the grace period and stores the consequences for each job', async () => {
    await using harness = new PollerHarness({
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
    const polled = await harness.accept(1, running('processing', NOON));
    const sent = await harness.accept(1);
    await harness.poller.start();
    await settled();
    const stopped = endOf(harness.poller.stop(GRACE_MS));
    await harness.clock.advance(GRACE_MS - 1);
    expect(stopped.yet).toBe(false);
    expect(harness.upstream.calls.some(({ options }) => options.signal.aborted)).toBe(false);
    await harness.clock.advance(1);
    expect(stopped.yet).toBe(true);
    expect((await harness.stored(sent))[0]?.failure).toMatchObject({ code: 'SUBMISSION_UNKNOWN' });
    expect(await harness.stored(polled)).toEqual(polled);
    // The lease was released: the job is due long before the lease would have expired.
    expect(await harness.store.nextDueAt()).toBeLessThan(NOON + LEASE_MS / 2);
    expect(harness.clock.sleeping).toBe(0);
  });

  it('aborts calls at once when it is disposed without a grace period', async () => {
    await using harness = new PollerHarness({
      script: {
        submit: async (_, options) => {
          await cut(options);
          return { type: 'not-created', ...transientError() };
        },
      },
    });
    await harness.poller.start();
    const jobs = await harness.accept(1);
    await harness.poller[Symbol.asyncDispose]();
    expect((await harness.stored(jobs))[0]).toMatchObject({ phase: 'accepted', version: 3 });
  });

  it('does nothing afterwards, even when jobs are due or created', async () => {
    let touched = 0;
    const wrap: PollerHarnessOptions['wrap'] = (store) =>
      overrideStore(store, {
        nextDueAt: () => {
          touched += 1;
          return store.nextDueAt();
        },
      });
    await using harness = new PollerHarness({ wrap });
    await harness.poller.start();
    await harness.accept(3);
    await harness.poller.stop(GRACE_MS);
    const before = { leases: harness.leases, calls: harness.upstream.calls.length, touched };
    await harness.accept(3);
    await harness.clock.advance(HOUR);
    expect({ leases: harness.leases, calls: harness.upstream.calls.length, touched }).toEqual(before);
    expect(harness.clock.sleeping).toBe(0);
  });

  it('ends at once while it waits for a failed store', async () => {
    await using harness = new PollerHarness({ wrap: withoutLeases });
    await harness.poller.start();
    await harness.clock.advance(MINUTE);
    const { leases } = harness;
    await harness.poller.stop(GRACE_MS);
    expect(harness.leases).toBe(leases);
    expect(harness.clock.sleeping).toBe(0);
  });

  it('can be stopped twice, at once or later, and before it was started', async () => {
    await using harness = new PollerHarness();
    const idle = harness.addPoller();
    await idle.stop(GRACE_MS);
    await idle.start();
    await harness.poller.start();
    await Promise.all([harness.poller.stop(GRACE_MS), harness.poller.stop(GRACE_MS)]);
    await harness.poller.stop(GRACE_MS);
    await harness.accept(1);
    expect(harness.upstream.calls).toEqual([]);
    expect(harness.store.listenerCount).toBe(0);
  });

  it('leaves no listener when it is stopped while it starts', async () => {
    await using harness = new PollerHarness();
    const started = harness.poller.start();
    await harness.poller.stop(GRACE_MS);
    await started;
    expect(harness.store.listenerCount).toBe(0);
    await harness.accept(1);
    expect(harness.upstream.calls).toEqual([]);
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

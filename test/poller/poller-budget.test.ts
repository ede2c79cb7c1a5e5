import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFinal } from '../../src/domain/job/job.ts';
import { settled } from '../support/fake-clock.ts';
import { MINUTE, NOON, SECOND } from '../support/times.ts';
import { transientError } from '../support/upstream/fake-video-upstream.ts';
import { PollerHarness } from './poller-harness.ts';
import { running } from './step-harness.ts';

describe("the upstream's rate budget", () => {
  it('is never exceeded in any minute, and is used', async () => {
    const waves = fc.array(
      fc.record({ gapMs: fc.integer({ min: 0, max: 30_000 }), jobs: fc.integer({ min: 0, max: 12 }) }),
      { minLength: 1, maxLength: 4 },
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 120 }), waves, async (rpm, arrivals) => {
        await using harness = new PollerHarness({ rpm });
        await harness.poller.start();
        await harness.accept(3);
        for (const { gapMs, jobs } of arrivals) {
          await harness.clock.advance(gapMs);
          await harness.accept(jobs);
        }
        await harness.clock.advance(2 * MINUTE);
        const calls = harness.upstream.calls.map(({ at }) => at);
        for (const from of calls) {
          const minute = calls.filter((at) => at >= from && at < from + MINUTE);
          expect(minute.length).toBeLessThanOrEqual(rpm);
        }
        const lastTwo = calls.filter((at) => at >= harness.clock.now() - 2 * MINUTE);
        expect(lastTwo.length).toBeGreaterThanOrEqual(Math.min(10, rpm));
      }),
      { numRuns: 12 },
    );
  });

  it('reads the store at most four times a second while the budget is empty', async () => {
    await using harness = new PollerHarness({ rpm: 1 });
    await harness.accept(20);
    await harness.poller.start();
    await harness.clock.advance(10 * MINUTE);
    // The first call is now, each next one a little more than a minute later. Each call causes one read for more, one when
    // it ends and one when it is stored.
    expect(harness.upstream.calls).toHaveLength(10);
    expect(harness.leases).toBeLessThanOrEqual(4 * 10 * 60 + 1 + 3 * 10);
  });

  it('is closed for all jobs by one 429, for as long as the upstream asks', async () => {
    await using harness = new PollerHarness({
      rpm: 600,
      script: {
        status: () => ({
          type: 'inconclusive',
          ...transientError({ rateLimited: true, retryAfterMs: 20 * SECOND }),
        }),
      },
    });
    await harness.accept(1, running('queued', NOON));
    await harness.poller.start();
    await settled();
    expect(harness.upstream.types).toEqual(['status']);
    harness.upstream.script = {};
    await harness.accept(5);
    await harness.clock.advance(20 * SECOND - 1);
    expect(harness.upstream.types).toEqual(['status']);
    await harness.clock.advance(1.5 * SECOND);
    expect(harness.upstream.types.filter((type) => type === 'submit')).toHaveLength(5);
    expect(harness.upstream.calls[1]?.at).toBe(NOON + 20 * SECOND);
  });

  it('is closed for longer by each 429 without a Retry-After', async () => {
    await using harness = new PollerHarness({
      rpm: 600,
      script: { submit: () => ({ type: 'not-created', ...transientError({ rateLimited: true }) }) },
    });
    await harness.accept(50);
    await harness.poller.start();
    await harness.clock.advance(5 * MINUTE);
    // The first burst is 50 of the 60 calls that a tenth of the limit allows, then one call after each opening.
    const [first, ...later] = [...new Set(harness.upstream.calls.map(({ at }) => at))];
    expect(first).toBe(NOON);
    expect(later.length).toBeLessThan(15);
    expect(harness.upstream.calls.length).toBeLessThan(50 + 15);
  });

  it('does not prevent that jobs end at their deadline when it is empty', async () => {
    await using harness = new PollerHarness({ rpm: 1 });
    await harness.poller.start();
    const deadlineAt = NOON + 30 * SECOND;
    const jobs = await harness.accept(20, { deadlineAt });
    await harness.clock.advance(31 * SECOND);
    const stored = await harness.stored(jobs);
    expect(stored.every(isFinal)).toBe(true);
    expect(stored.every((job) => (job.finishedAt ?? Infinity) <= deadlineAt + SECOND)).toBe(true);
    expect(stored.map((job) => job.failure?.code)).toEqual([
      'TIMED_OUT',
      ...Array.from({ length: 19 }, () => 'UPSTREAM_UNAVAILABLE'),
    ]);
    expect(harness.upstream.calls).toHaveLength(1);
  });

  it('is not used by jobs that end at their deadline without a call', async () => {
    await using harness = new PollerHarness({ rpm: 60 });
    await harness.accept(20, { deadlineAt: NOON });
    await harness.accept(10);
    await harness.poller.start();
    await settled();
    // The burst is a tenth of the limit. Then one call is granted every 60 s / 55.
    expect(harness.upstream.calls).toHaveLength(6);
    await harness.clock.advance(3 * SECOND);
    expect(harness.upstream.calls).toHaveLength(8);
  });

  it('does not prevent that jobs end at their deadline when a 429 has closed it', async () => {
    const fault = transientError({ rateLimited: true, retryAfterMs: 4 * MINUTE });
    await using harness = new PollerHarness({
      script: { submit: () => ({ type: 'not-created', ...fault }) },
    });
    await harness.poller.start();
    const jobs = await harness.accept(10, { deadlineAt: NOON + MINUTE });
    await harness.clock.advance(MINUTE + SECOND);
    expect((await harness.stored(jobs)).map((job) => job.failure?.code)).toEqual(
      Array.from({ length: 10 }, () => 'UPSTREAM_UNAVAILABLE'),
    );
  });
});

import { describe, expect, it } from 'vitest';
import { settled } from '../support/fake-clock.ts';
import { HOUR, MINUTE, NOON, SECOND } from '../support/times.ts';
import { cut } from '../support/upstream/fake-video-upstream.ts';
import { PollerHarness } from './poller-harness.ts';
import { running } from './step-harness.ts';

describe('the poller', () => {
  it('starts new work at once', async () => {
    await using harness = new PollerHarness();
    await harness.poller.start();
    await harness.clock.advance(10 * SECOND + 1);
    await harness.accept(1);
    expect(harness.upstream.calls).toMatchObject([{ type: 'submit', at: NOON + 10 * SECOND + 1 }]);
  });

  it('starts the work that exists at its start', async () => {
    await using harness = new PollerHarness();
    await harness.accept(2);
    await harness.poller.start();
    await settled();
    expect(harness.upstream.types).toEqual(['submit', 'submit']);
  });

  it('takes a job from acceptance to its video', async () => {
    await using harness = new PollerHarness({
      script: {
        status: (id) => {
          const age = harness.clock.now() - NOON;
          if (age > 40 * SECOND) return { type: 'completed', metrics: null };
          return { type: age > 10 * SECOND && id === 'up-0' ? 'processing' : 'queued' };
        },
      },
    });
    await harness.poller.start();
    const jobs = await harness.accept(1);
    await harness.clock.advance(MINUTE);
    const [job] = await harness.stored(jobs);
    expect(job).toMatchObject({ phase: 'completed', version: 6, submittedAt: NOON });
    expect(job?.finishedAt).toBeLessThan(NOON + 46 * SECOND);
    expect(harness.upstream.types.filter((type) => type === 'submit')).toHaveLength(1);
    expect(harness.upstream.types.filter((type) => type === 'result')).toHaveLength(1);
    expect(harness.upstream.types.length).toBeLessThan(25);
  });

  it('sleeps without work: an idle hour costs one read a minute', async () => {
    await using harness = new PollerHarness();
    await harness.poller.start();
    await harness.clock.advance(HOUR);
    expect(harness.leases).toBeLessThanOrEqual(61);
    expect(harness.clock.sleeping).toBe(1);
  });

  it('sleeps until the next job is due', async () => {
    await using harness = new PollerHarness();
    const runAt = NOON + 50 * MINUTE + 1;
    await harness.accept(1, { ...running('queued', NOON), createdAt: runAt, deadlineAt: NOON + HOUR });
    await harness.poller.start();
    await harness.clock.advance(50 * MINUTE);
    expect(harness.leases).toBeLessThanOrEqual(51);
    expect(harness.upstream.calls).toEqual([]);
    await harness.clock.advance(1);
    expect(harness.upstream.calls).toMatchObject([{ type: 'status', at: runAt }]);
  });

  it('sleeps while its calls are in progress', async () => {
    await using harness = new PollerHarness({ script: { submit: lateSubmit } });
    await harness.poller.start();
    await harness.accept(1);
    const before = harness.leases;
    await harness.clock.advance(CALL_MS);
    expect(harness.leases - before).toBeLessThanOrEqual(2);
  });

  it('ends jobs by their deadline even while 256 calls hang', async () => {
    const hanging = Promise.withResolvers<void>();
    await using harness = new PollerHarness({
      script: {
        submit: async () => {
          await hanging.promise;
          return { type: 'refused', code: 'REJECTED', message: 'no' };
        },
      },
    });
    await harness.accept(256);
    const due = await harness.accept(3, { ...running('queued', NOON), deadlineAt: NOON + 20 * SECOND });
    await harness.poller.start();
    await settled();
    expect(harness.upstream.calls.length).toBeGreaterThanOrEqual(256);
    await harness.clock.advance(20 * SECOND + 250);
    const ended = await harness.store.getMany(due.map(({ id }) => id));
    expect(ended.map((job) => job?.failure?.code)).toEqual(['TIMED_OUT', 'TIMED_OUT', 'TIMED_OUT']);
    hanging.resolve();
    await settled();
  });

  it('runs at most 256 steps at once, and the next as soon as one ends', async () => {
    const pending: (() => void)[] = [];
    await using harness = new PollerHarness({
      script: {
        submit: async () => {
          const { promise, resolve } = Promise.withResolvers<void>();
          pending.push(resolve);
          await promise;
          return { type: 'refused', code: 'REJECTED', message: 'no' };
        },
      },
    });
    await harness.accept(300);
    await harness.poller.start();
    await settled();
    expect(harness.upstream.calls).toHaveLength(256);
    const before = harness.leases;
    await harness.clock.advance(5 * SECOND);
    await harness.accept(1);
    expect(harness.upstream.calls).toHaveLength(256);
    // It still leases jobs past their deadline, which need no slot.
    expect(harness.leases - before).toBeLessThanOrEqual(4 * 5 + 2);
    pending[7]?.();
    await settled();
    expect(harness.upstream.calls).toHaveLength(257);
    for (let i = 0; i < 256; i += 1) pending[i]?.();
    await settled();
    expect(harness.upstream.calls).toHaveLength(301);
    for (const resolve of pending) resolve();
    await settled();
    expect(await harness.store.nextDueAt()).toBeNull();
  });

  it('fills slots that become free within 5 ms by one lease', async () => {
    const pending: (() => void)[] = [];
    await using harness = new PollerHarness({
      script: {
        submit: async (_request, options) => {
          const { promise, resolve } = Promise.withResolvers<void>();
          pending.push(resolve);
          await Promise.race([promise, cut(options)]);
          return { type: 'refused', code: 'REJECTED', message: 'no' };
        },
      },
    });
    await harness.accept(300);
    await harness.poller.start();
    await settled();
    await harness.clock.advance(5);
    pending[0]?.();
    await settled();
    expect(harness.upstream.calls).toHaveLength(257);
    const before = harness.leases;
    for (let i = 1; i <= 20; i += 1) {
      pending[i]?.();
      await settled();
    }
    expect(harness.upstream.calls).toHaveLength(257);
    await harness.clock.advance(5);
    expect(harness.upstream.calls).toHaveLength(277);
    expect(harness.leases - before).toBe(1);
  });

  it('shares the jobs with other pollers: each is sent once, and polled by one at a time', async () => {
    const asked = new Map<string, number>();
    let overlaps = 0;
    await using harness = new PollerHarness({
      script: {
        status: async (id) => {
          asked.set(id, (asked.get(id) ?? 0) + 1);
          if ((asked.get(id) ?? 0) > 1) overlaps += 1;
          await harness.clock.sleep(700, new AbortController().signal);
          asked.set(id, (asked.get(id) ?? 0) - 1);
          const done = harness.clock.now() > NOON + 20 * SECOND;
          return done ? { type: 'completed', metrics: null } : { type: 'processing' };
        },
      },
    });
    const pollers = [harness.poller, harness.addPoller(), harness.addPoller()];
    await Promise.all(pollers.map((poller) => poller.start()));
    const jobs = await harness.accept(20);
    await harness.clock.advance(MINUTE);
    const submitted = harness.upstream.calls.filter((call) => call.type === 'submit');
    expect(submitted.map((call) => call.subject).toSorted()).toEqual(
      jobs.map((job) => job.request.prompt).toSorted(),
    );
    expect(overlaps).toBe(0);
    expect((await harness.stored(jobs)).every((job) => job.phase === 'completed')).toBe(true);
    await Promise.all(pollers.map((poller) => poller.stop(0)));
  });

  it('logs the phases of each job', async () => {
    await using harness = new PollerHarness({
      script: {
        submit: ({ prompt }) =>
          prompt === '0'
            ? { type: 'accepted', upstreamId: 'up-0' }
            : { type: 'refused', code: 'REJECTED', message: 'no' },
        status: () => ({ type: 'completed', metrics: null }),
      },
    });
    await harness.poller.start();
    await harness.accept(2);
    await harness.clock.advance(10 * SECOND);
    expect(harness.log.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'info: job queued',
      'warn: job failed',
      'info: job collecting',
      'info: job completed',
    ]);
  });
});

const CALL_MS = 20 * SECOND;

/** Answers only when it is aborted. */
async function lateSubmit(_: unknown, options: Parameters<typeof cut>[0]) {
  await cut(options);
  return { type: 'unknown', message: 'cut', apiAnswered: false, candidateId: null } as const;
}

import { describe, expect, it } from 'vitest';
import type { StatusOutcome } from '../../src/providers/video-upstream.ts';
import { overrideStore } from '../support/override-store.ts';
import { MINUTE, NOON, SECOND } from '../support/times.ts';
import { cut, transientError, VIDEO_READY } from '../support/upstream/fake-video-upstream.ts';
import { PollerHarness } from './poller-harness.ts';
import { running } from './step-harness.ts';

describe('under a tight call budget', () => {
  it('an owner with 100 waiting jobs does not delay the first job of another owner', async () => {
    await using harness = new PollerHarness({ rpm: 60 });
    await harness.poller.start();
    await harness.accept(100, { ownerId: 'ada' });
    await harness.clock.advance(30 * SECOND);
    const [job] = await harness.accept(1, { ownerId: 'bob' });
    await harness.clock.advance(5 * SECOND);
    const sent = harness.upstream.calls.find(({ subject }) => subject === job?.request.prompt);
    expect((sent?.at ?? Infinity) - NOON - 30 * SECOND).toBeLessThanOrEqual(3 * SECOND);
  });

  it('an owner whose jobs are all due for polls does not delay the first job of another owner', async () => {
    await using harness = new PollerHarness({ rpm: 60 });
    await harness.accept(300, { ...running('processing', NOON), ownerId: 'ada' });
    await harness.poller.start();
    await harness.clock.advance(MINUTE);
    const [job] = await harness.accept(1, { ownerId: 'bob' });
    await harness.clock.advance(5 * SECOND);
    const sent = harness.upstream.calls.find(({ subject }) => subject === job?.request.prompt);
    expect((sent?.at ?? Infinity) - NOON - MINUTE).toBeLessThanOrEqual(3 * SECOND);
  });

  it('fetches results before it polls jobs that cannot be done yet', async () => {
    await using harness = new PollerHarness({ rpm: 30 });
    await harness.accept(100, running('processing', NOON));
    const done = await harness.accept(5, {
      ...running('collecting', NOON),
      updatedAt: NOON,
      upstreamId: 'up-done',
    });
    await harness.poller.start();
    await harness.clock.advance(12 * SECOND);
    expect((await harness.stored(done)).map(({ phase }) => phase)).toEqual(done.map(() => 'completed'));
  });

  it('jobs that keep failing wait for the others, and are still polled', async () => {
    const failure: StatusOutcome = { type: 'inconclusive', ...transientError({ apiAnswered: true }) };
    let isHealed = false;
    await using harness = new PollerHarness({
      rpm: 60,
      script: {
        status: (id) => (id === 'up-failing' && !isHealed ? failure : { type: 'completed', metrics: null }),
        result: () => VIDEO_READY,
      },
    });
    const failing = await harness.accept(100, { ...running('processing', NOON), upstreamId: 'up-failing' });
    await harness.poller.start();
    // Each job has failed at least once.
    await harness.clock.advance(4 * MINUTE);
    const healthy = await harness.accept(3);
    await harness.clock.advance(8 * SECOND);
    const submits = harness.upstream.calls.filter(({ type }) => type === 'submit');
    expect(submits).toHaveLength(healthy.length);
    await harness.clock.advance(MINUTE);
    expect((await harness.stored(healthy)).map(({ phase }) => phase)).toEqual(healthy.map(() => 'completed'));
    isHealed = true;
    await harness.clock.advance(20 * MINUTE);
    expect((await harness.stored(failing)).map(({ phase }) => phase)).toEqual(failing.map(() => 'completed'));
  });
});

describe('while slow calls hold most slots', () => {
  it('ranks a backlog four times a second, however many steps end meanwhile', async () => {
    let rankings = 0;
    await using harness = new PollerHarness({
      script: {
        submit: async ({ prompt }, options) => {
          if (Number(prompt) < 200) await cut(options);
          return { type: 'refused', code: 'REJECTED', message: 'no' };
        },
      },
      wrap: (store) =>
        overrideStore(store, {
          findCandidates: async (query) => {
            const candidates = await store.findCandidates(query);
            if (candidates !== null) rankings += 1;
            return candidates;
          },
        }),
    });
    await harness.accept(200);
    await harness.poller.start();
    await harness.clock.advance(3 * SECOND);
    const dueTogether = harness.clock.now() + SECOND;
    const healthy = await harness.accept(400, { createdAt: dueTogether });
    await harness.clock.advance(2 * SECOND);
    expect(rankings).toBeGreaterThanOrEqual(1);
    expect(rankings).toBeLessThanOrEqual(5);
    await harness.clock.advance(3 * SECOND);
    expect((await harness.stored(healthy)).filter(({ phase }) => phase !== 'failed')).toEqual([]);
  });
});

describe('jobs that wait for the rate limit', () => {
  it('show the reason once, with an expected end that grows with their position, until they are sent', async () => {
    await using harness = new PollerHarness({ rpm: 6 });
    await harness.poller.start();
    const jobs = await harness.accept(20);
    await harness.clock.advance(5 * SECOND);
    const waiting = (await harness.stored(jobs)).filter(({ waitingFor }) => waitingFor === 'RATE_LIMIT');
    expect(waiting).toHaveLength(19);
    const expected = waiting.map(({ forecast }) => forecast?.from ?? 0);
    expect(expected).toEqual(expected.toSorted((a, b) => a - b));
    expect(Math.min(...expected)).toBeGreaterThan(NOON);
    expect(waiting.every(({ version }) => version === 2)).toBe(true);
    await harness.clock.advance(10 * SECOND);
    expect((await harness.stored(waiting)).every(({ version }) => version <= 4)).toBe(true);
    expect(harness.log.map(({ message }) => message)).toContain('jobs are waiting for the rate limit');
  });

  it('show UPSTREAM_UNAVAILABLE while the circuit is open', async () => {
    const down = transientError();
    await using harness = new PollerHarness({
      script: {
        submit: () => ({ type: 'not-created', ...down }),
        status: () => ({ type: 'inconclusive', ...down }),
      },
    });
    await harness.accept(12, running('processing', NOON));
    await harness.poller.start();
    await harness.clock.advance(5 * SECOND);
    const jobs = await harness.accept(3);
    await harness.clock.advance(5 * SECOND);
    expect((await harness.stored(jobs)).map(({ waitingFor }) => waitingFor)).toEqual(
      jobs.map(() => 'UPSTREAM_UNAVAILABLE'),
    );
  });
});

import { describe, expect, it } from 'vitest';
import { seeded, spread } from '../../bench/polling/chance.ts';
import { isFinal } from '../../src/domain/job/job.ts';
import type { SubmitOutcome } from '../../src/providers/video-upstream.ts';
import { SharedDurations } from '../../src/store/durations.ts';
import { SqliteSharedText } from '../../src/store/sqlite/sqlite-shared-text.ts';
import { MINUTE, NOON, SECOND } from '../support/times.ts';
import { transientError, VIDEO_READY } from '../support/upstream/fake-video-upstream.ts';
import { PollerHarness } from './poller-harness.ts';

/** Jobs that wait for one second and run for about 52, and the delay until a poll shows their ends. */
class TimedUpstream {
  readonly harness: PollerHarness;
  readonly ends = new Map<string, number>();
  readonly delays: number[] = [];
  readonly #random = seeded(4);

  constructor(rpm: number) {
    this.harness = new PollerHarness({ rpm });
    const { clock, upstream } = this.harness;
    upstream.script = {
      submit: ({ prompt }): SubmitOutcome => {
        this.ends.set(`up-${prompt}`, clock.now() + SECOND + spread(this.#random, 52 * SECOND, 0.2));
        return { type: 'accepted', upstreamId: `up-${prompt}` };
      },
      status: (id) => {
        const end = this.ends.get(id) ?? Infinity;
        if (clock.now() < end) return { type: 'processing' };
        this.delays.push(clock.now() - end);
        return { type: 'completed', metrics: null };
      },
      result: () => VIDEO_READY,
    };
  }
}

describe('a poller that learns', () => {
  it('sees the ends of jobs about a second late, with fewer and fewer polls', async () => {
    const timed = new TimedUpstream(0);
    await using harness = timed.harness;
    await harness.poller.start();
    const pollsOf = async (count: number) => {
      const before = harness.upstream.types.filter((type) => type === 'status').length;
      for (let job = 0; job < count; job += 1) {
        await harness.accept(1);
        await harness.clock.advance(10 * SECOND);
      }
      await harness.clock.advance(3 * MINUTE);
      return (harness.upstream.types.filter((type) => type === 'status').length - before) / count;
    };
    const first = await pollsOf(10);
    await pollsOf(40);
    timed.delays.length = 0;
    const later = await pollsOf(60);
    expect(first).toBeGreaterThan(1.2 * later);
    expect(later).toBeLessThan(13);
    expect(timed.delays).toHaveLength(60);
    const mean = timed.delays.reduce((sum, delay) => sum + delay, 0) / timed.delays.length;
    expect(mean).toBeLessThan(1.3 * SECOND);
    const stats = await new SharedDurations(
      new SqliteSharedText(harness.store.database, harness.store.commits, 'durations'),
    ).read();
    expect([...stats.keys()].toSorted()).toEqual([
      'test queue',
      'test run',
      'test run 480 * 30',
      'test run 480 3 30',
    ]);
  });

  it('two pollers share a short budget by the priority of polls', async () => {
    const timed = new TimedUpstream(60);
    await using harness = timed.harness;
    const other = harness.addPoller();
    await harness.poller.start();
    await other.start();
    for (let job = 0; job < 160; job += 1) {
      if (job === 80) timed.delays.length = 0;
      await harness.accept(1);
      await harness.clock.advance(7.5 * SECOND);
    }
    await other.stop(0);
    // The simulation has 2.7 s, and 6.3 s for a poll every 2 s with the same bucket.
    const mean = timed.delays.reduce((sum, delay) => sum + delay, 0) / timed.delays.length;
    expect(timed.delays.length).toBeGreaterThan(70);
    expect(mean).toBeLessThan(3.5 * SECOND);
    const calls = harness.upstream.calls.map(({ at }) => at);
    for (const from of calls) {
      expect(calls.filter((at) => at >= from && at < from + MINUTE).length).toBeLessThanOrEqual(60);
    }
    // Only results precede submissions: none waited for more than two calls of the budget.
    const submits = harness.upstream.calls.filter(({ type }) => type === 'submit').map(({ at }) => at);
    for (const [index, at] of submits.entries()) {
      expect(at - NOON - index * 7.5 * SECOND).toBeLessThanOrEqual(2.5 * SECOND);
    }
  });
});

it('fetches results, however many jobs wait to be submitted', async () => {
  const timed = new TimedUpstream(60);
  await using harness = timed.harness;
  await harness.poller.start();
  const jobs = await harness.accept(200, { deadlineAt: NOON + 10 * MINUTE });
  await harness.clock.advance(10 * MINUTE + SECOND);
  const ends = (await harness.stored(jobs)).map(({ phase, failure }) => failure?.code ?? phase);
  const count = (end: string) => ends.filter((one) => one === end).length;
  // 540 calls in ten minutes; a job needs about five.
  expect(count('completed')).toBeGreaterThan(70);
  expect(count('TIMED_OUT')).toBeLessThan(10);
  expect(count('completed') + count('TIMED_OUT') + count('UPSTREAM_UNAVAILABLE')).toBe(200);
});

describe('an upstream that fails', () => {
  const down = transientError({ reason: 'connection refused' });
  const failing = {
    submit: () => ({ type: 'not-created', ...down }) as const,
    status: () => ({ type: 'inconclusive', ...down }) as const,
  };

  it('is only probed while it is down, by polls rather than submissions, and every job completes', async () => {
    await using harness = new PollerHarness();
    const taken = await harness.accept(20);
    await harness.poller.start();
    await harness.clock.advance(SECOND);
    harness.upstream.script = failing;
    const waiting = await harness.accept(5);
    await harness.clock.advance(2 * MINUTE);
    expect(harness.log.map(({ message }) => message)).toContain(
      'the upstream is down: it is only probed until it is back',
    );
    const before = harness.upstream.calls.length;
    await harness.clock.advance(5 * MINUTE);
    const probes = harness.upstream.calls.slice(before);
    expect(probes.length).toBeLessThanOrEqual(100);
    expect(probes.length).toBeGreaterThan(70);
    expect(new Set(probes.map(({ type }) => type))).toEqual(new Set(['status']));
    harness.upstream.script = { status: () => ({ type: 'completed', metrics: null }) };
    await harness.clock.advance(2 * MINUTE);
    const stored = await harness.stored([...taken, ...waiting]);
    expect(stored.map(({ phase }) => phase)).toEqual(stored.map(() => 'completed'));
    expect(harness.log.at(-1)?.message).toBe('job completed');
  });

  it('does not lose one job after another when the answers to submissions are lost', async () => {
    await using harness = new PollerHarness({
      script: {
        submit: () => ({
          type: 'unknown',
          message: 'The answer was lost.',
          apiAnswered: false,
          candidateId: null,
        }),
      },
    });
    await harness.poller.start();
    for (let job = 0; job < 30; job += 1) {
      await harness.accept(1);
      await harness.clock.advance(SECOND / 10);
    }
    expect(harness.upstream.calls).toHaveLength(10);
  });

  it('that answers 429 for 20 seconds fails no job, gets at most 10 calls, and no burst afterwards', async () => {
    const timed = new TimedUpstream(600);
    await using harness = timed.harness;
    const { script } = harness.upstream;
    await harness.poller.start();
    const jobs = await harness.accept(40);
    await harness.clock.advance(50 * SECOND);
    const refusal = transientError({ rateLimited: true, reason: 'answered 429' });
    harness.upstream.script = {
      submit: () => ({ type: 'not-created', ...refusal }),
      status: () => ({ type: 'inconclusive', ...refusal }),
      result: () => ({ type: 'inconclusive', ...refusal }),
    };
    const began = harness.clock.now();
    jobs.push(...(await harness.accept(5)));
    await harness.clock.advance(20 * SECOND);
    harness.upstream.script = script;
    expect(harness.upstream.calls.filter(({ at }) => at >= began).length).toBeLessThanOrEqual(10);
    const over = harness.clock.now();
    await harness.clock.advance(5 * MINUTE);
    const after = harness.upstream.calls.map(({ at }) => at).filter((at) => at >= over);
    // Half of 600 calls a minute, and the tokens that were saved while no job was due.
    for (const from of after) {
      expect(after.filter((at) => at >= from && at < from + SECOND).length).toBeLessThanOrEqual(35);
    }
    const [first = 0] = after;
    expect(after.filter((at) => at < first + SECOND).length).toBeLessThanOrEqual(7);
    const stored = await harness.stored(jobs);
    expect(stored.every(isFinal)).toBe(true);
    expect(stored.map(({ failure }) => failure).filter((failure) => failure !== null)).toEqual([]);
  });
});

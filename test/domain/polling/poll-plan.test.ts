import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeded, lognormal } from '../../../bench/polling/chance.ts';
import { DurationDistribution } from '../../../src/domain/polling/duration-distribution.ts';
import type { ExpectedDurations } from '../../../src/domain/polling/duration-model.ts';
import {
  endOnlyPollDelayMs,
  latenessMs,
  nextPollDelayMs,
  type RunningJob,
} from '../../../src/domain/polling/poll-plan.ts';
import { EXPECTED, anyExpected } from '../job/job-samples.ts';

const random = fc.double({ min: 0, max: 1, noNaN: true });
const anyJob = fc
  .record({ waitedMs: fc.nat({ max: 3_600_000 }), ranMs: fc.option(fc.nat({ max: 3_600_000 })) })
  .map(({ waitedMs, ranMs }): RunningJob => {
    const lastPolledAt = waitedMs + (ranMs ?? 0);
    return { submittedAt: 0, startedAt: ranMs === null ? null : waitedMs, lastPolledAt };
  });

/** A job that began at 0. */
const begun = (lastPolledAt: number): RunningJob => ({ submittedAt: 0, startedAt: 0, lastPolledAt });

/** Polls a job by the plan until it is done. */
function pollTimes(durationMs: number, expected: ExpectedDurations): number[] {
  const times: number[] = [];
  for (let at = 0; at < durationMs; times.push(at)) at += nextPollDelayMs(begun(at), expected, 0.5);
  return times;
}

describe('the pause between two polls', () => {
  it('is whole milliseconds, from half a second to a minute, with 5 % jitter', () => {
    fc.assert(
      fc.property(anyJob, anyExpected, random, (job, expected, chance) => {
        const delay = nextPollDelayMs(job, expected, chance);
        expect(Number.isInteger(delay)).toBe(true);
        expect(delay).toBeGreaterThanOrEqual(475);
        expect(delay).toBeLessThanOrEqual(63_000);
      }),
      { numRuns: 2000 },
    );
  });

  it('has jitter over a tenth', () => {
    const [least = 0, middle = 0, most = 0] = [0, 0.5, 1].map((chance) =>
      nextPollDelayMs(begun(0), EXPECTED, chance),
    );
    expect(least / middle).toBeCloseTo(0.95, 3);
    expect(most / middle).toBeCloseTo(1.05, 3);
  });

  it('is long while the job can hardly be done, and short when it is due', () => {
    const times = pollTimes(60_000, EXPECTED);
    expect(times[0]).toBeGreaterThan(35_000);
    const pauses = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    expect(Math.min(...pauses)).toBeLessThan(2500);
  });

  it('grows slowly for a job far beyond its expected end, up to a minute', () => {
    const times = pollTimes(3_300_000, EXPECTED).filter((at) => at > 100_000);
    const pauses = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    expect(pauses).toEqual(pauses.toSorted((a, b) => a - b));
    for (const [index, pause] of pauses.entries()) {
      expect(pause / (pauses[index - 1] ?? pause)).toBeLessThan(1.25);
    }
    expect(pauses[0]).toBeLessThan(10_000);
    expect(times.length).toBeLessThan(130);
    expect(pauses.at(-1)).toBe(60_000);
  });

  it.each([0.05, 0.3, 0.8, 2, 5])(
    'of a regular job of %f seconds is not much longer than the job',
    (seconds) => {
      const run = new DurationDistribution({ mu: Math.log(1000 * seconds), sigma: 0.03 });
      const queue = new DurationDistribution({ mu: Math.log(100 * seconds), sigma: 0.3 });
      const delay = nextPollDelayMs(
        { submittedAt: 0, startedAt: null, lastPolledAt: 0 },
        { queue, run },
        0.5,
      );
      expect(delay).toBeLessThan(Math.max(600, 1000 * seconds * 1.1 + 500));
    },
  );

  it('is finite and above 0 for extreme numbers', () => {
    const sure = new DurationDistribution({ mu: Math.log(800), sigma: 0.03 });
    for (const lastPolledAt of [0, 1000, 60_000, 3_300_000, 86_400_000]) {
      const delay = nextPollDelayMs(begun(lastPolledAt), { queue: sure, run: sure }, 0.5);
      expect(delay).toBeGreaterThanOrEqual(500);
      expect(delay).toBeLessThanOrEqual(60_000);
    }
  });
});

/** A waiting job. */
const waiting = (lastPolledAt: number): RunningJob => ({ submittedAt: 0, startedAt: null, lastPolledAt });

/** Polls a job with this wait by a plan, until a poll shows that it has begun. */
function pollsUntilBegun(waitMs: number, expected: ExpectedDurations, plan = nextPollDelayMs): number[] {
  const polls: number[] = [];
  for (let at = 0; at < waitMs; polls.push(at)) at += plan(waiting(at), expected, 0.5);
  return polls;
}

describe('the poll for the beginning', () => {
  it('is after the likely end of the queue, and within a tenth of the length of a job', () => {
    const delay = nextPollDelayMs(waiting(0), EXPECTED, 0.5);
    expect(delay).toBeGreaterThan(3000);
    expect(delay).toBeLessThan(5200);
  });

  it('is repeated within a tenth of the length of a job while it waits', () => {
    for (const waited of [3000, 5000, 8000, 20_000]) {
      const delay = nextPollDelayMs(waiting(waited), EXPECTED, 0.5);
      expect(delay).toBeGreaterThanOrEqual(500);
      expect(delay).toBeLessThanOrEqual(0.1 * (waited + 48_000));
    }
  });

  it.each([
    { name: 'of the sandbox', queue: [800, 0.3], run: [7200, 0.12], share: 0.95, most: 1.15 },
    { name: 'of 53 seconds', queue: [1500, 0.5], run: [51_500, 0.35], share: 0.95, most: 1.1 },
    { name: 'that wait for a minute', queue: [60_000, 1], run: [51_500, 0.2], share: 0.8, most: 5.2 },
  ] as const)('shows the beginning in time for $share of the jobs $name', ({ queue, run, share, most }) => {
    const chance = seeded(7);
    const [queueLaw, runLaw] = [queue, run].map(([mean, cv]) => {
      const sigma = Math.sqrt(Math.log1p(cv ** 2));
      return new DurationDistribution({ mu: Math.log(mean) - sigma ** 2 / 2, sigma });
    });
    if (queueLaw === undefined || runLaw === undefined) throw new Error('There are two.');
    const jobs = 2000;
    let inTime = 0;
    let polls = 0;
    for (let job = 0; job < jobs; job += 1) {
      const waitMs = lognormal(chance, queueLaw.main.mu, queueLaw.main.sigma);
      const lengthMs = waitMs + lognormal(chance, runLaw.main.mu, runLaw.main.sigma);
      const made = pollsUntilBegun(waitMs, { queue: queueLaw, run: runLaw });
      polls += made.length / jobs;
      if ((made.at(-1) ?? Infinity) - waitMs <= 0.1 * lengthMs) inTime += 1 / jobs;
    }
    expect(inTime).toBeGreaterThan(share);
    expect(polls).toBeLessThan(most);
  });

  it.each([60_000, 600_000, 3_300_000])(
    'is repeated more and more rarely while a job waits %i ms unexpectedly',
    (waitMs) => {
      const additional =
        pollsUntilBegun(waitMs, EXPECTED).length -
        pollsUntilBegun(waitMs, EXPECTED, endOnlyPollDelayMs).length;
      expect(additional).toBeLessThanOrEqual(Math.log1p(waitMs / 44_000) / Math.log(1.1) + 1);
    },
  );

  it('never delays the poll for the end, and is not made once the job has begun', () => {
    fc.assert(
      fc.property(anyJob, anyExpected, random, (job, expected, chance) => {
        const endOnly = endOnlyPollDelayMs(job, expected, chance);
        const delay = nextPollDelayMs(job, expected, chance);
        // Both searches have a precision of some milliseconds.
        expect(delay).toBeLessThanOrEqual(endOnly + 2);
        expect(job.startedAt === null ? endOnly : delay).toBe(endOnly);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([10_000, 60_000, 600_000])(
    'is due at once for a job that was submitted %i ms before it is polled for the first time',
    (ms) => {
      const now = 1e12;
      const job = { submittedAt: now - ms, startedAt: null, lastPolledAt: now - ms };
      expect(job.lastPolledAt + nextPollDelayMs(job, EXPECTED, 1)).toBeLessThanOrEqual(now);
    },
  );
});

describe('polls and delays of a plan that knows the durations', () => {
  // The optimum by dynamic programming at a mean delay of one second: 4.95, 9.29 and 14.63 polls; every 2 s: 27.
  it.each([
    { cv: 0.1, most: 5.3 },
    { cv: 0.2, most: 9.9 },
    { cv: 0.35, most: 15.5 },
  ])('are close to the best schedule: $most polls at a spread of $cv', ({ cv, most }) => {
    const sigma = Math.sqrt(Math.log1p(cv ** 2));
    const mu = Math.log(53_000) - sigma ** 2 / 2;
    const run = new DurationDistribution({ mu, sigma });
    const chance = seeded(42);
    let polls = 0;
    let delay = 0;
    const jobs = 3000;
    for (let job = 0; job < jobs; job += 1) {
      const duration = lognormal(chance, mu, sigma);
      const times = pollTimes(duration, { queue: run, run });
      polls += times.length / jobs;
      delay += ((times.at(-1) ?? 0) - duration) / jobs;
    }
    expect(polls * (delay / 1000)).toBeLessThan(most);
    expect(delay).toBeGreaterThan(900);
    expect(delay).toBeLessThan(1100);
  });
});

describe('lateness', () => {
  it('is 0 just after a poll, and never falls', () => {
    fc.assert(
      fc.property(
        anyJob,
        anyExpected,
        fc.nat({ max: 600_000 }),
        fc.nat({ max: 600_000 }),
        (job, expected, a, b) => {
          const at = (ms: number) => latenessMs(job, expected, job.lastPolledAt + ms);
          expect(at(0)).toBeLessThan(1e-3);
          // Rounding in the far tail.
          expect(at(Math.max(a, b))).toBeGreaterThanOrEqual(at(Math.min(a, b)) * (1 - 1e-4) - 1e-3);
          expect(at(a)).toBeLessThanOrEqual(1.03 * a + 1e-3);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('is the mean time since the end, given that the job was not done at the last poll', () => {
    const { run } = EXPECTED;
    const chance = seeded(9);
    const lastPolledAt = 45_000;
    const at = 50_000;
    const drawn = Array.from({ length: 100_000 }, () => lognormal(chance, run.main.mu, run.main.sigma));
    const open = drawn.filter((duration) => duration > lastPolledAt);
    const mean = open.reduce((sum, duration) => sum + Math.max(0, at - duration), 0) / open.length;
    expect(latenessMs(begun(lastPolledAt), EXPECTED, at) / mean).toBeGreaterThan(0.95);
    expect(latenessMs(begun(lastPolledAt), EXPECTED, at) / mean).toBeLessThan(1.05);
  });

  it('is greater for a job that is due than for one that is not due and was polled earlier', () => {
    expect(latenessMs(begun(48_000), EXPECTED, 52_000)).toBeGreaterThan(
      latenessMs(begun(0), EXPECTED, 30_000),
    );
  });
});
